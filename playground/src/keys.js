// Shortcuts: a key presses the button that names it.

/** Listens for keys while `enabled` is checked. */
export function shortcuts(enabled) {
  addEventListener('keydown', (event) => {
    const { key, shiftKey, target } = event;
    if (!enabled.checked || event.ctrlKey || event.altKey || event.metaKey || target.matches('select')) return;
    const name = shiftKey ? `Shift+${key.toUpperCase()}` : key.toLowerCase();
    const found = document.querySelector(`button[aria-keyshortcuts="${CSS.escape(name)}"]`);
    if (found === null) return;
    event.preventDefault();
    found.click();
  });
}
