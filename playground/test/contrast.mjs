// Contrast as WCAG 2 measures it.

const LEAST = 4.5;

/** The texts of a page whose contrast is below 4.5 to 1, each with its ratio. */
export function lowContrast(page) {
  return page.evaluate((least) => {
    const channels = (color) => color.match(/[\d.]+/g).map(Number);
    const luminance = (color) => {
      const [r, g, b] = channels(color).map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const { backgroundColor } = getComputedStyle(at);
        if ((channels(backgroundColor)[3] ?? 1) === 1) return backgroundColor;
      }
      throw new Error('the page has no ground');
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const low = [];
    while (texts.nextNode()) {
      const { parentElement: element, data } = texts.currentNode;
      if (!data.trim() || !element.checkVisibility()) continue;
      const [darker, lighter] = [getComputedStyle(element).color, behind(element)].map(luminance).sort((x, y) => x - y);
      const ratio = (lighter + 0.05) / (darker + 0.05);
      if (ratio < least) low.push(`${ratio.toFixed(2)} ${data.trim()}`);
    }
    return low;
  }, LEAST);
}
