// Elements in one line each. All text goes in as text, never as markup.

/** An element with attributes, `on...` listeners, and children that are texts or elements. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== false));
  return element;
}

/** A button; `key` is the shortcut that does the same. */
export function button(text, { key, ...attributes }) {
  const hint = key && h('kbd', { 'aria-hidden': 'true' }, key.replace('Shift+', '⇧'));
  return h('button', { type: 'button', 'aria-keyshortcuts': key, ...attributes }, text, hint);
}

/** A labelled choice among `{ name: { title } }`. */
export function choice(id, label, options, chosen, onchange) {
  const option = ([value, { title }]) => h('option', { value, selected: value === chosen }, title);
  return h('label', { class: 'choice', for: id }, h('span', {}, label),
    h('select', { id, onchange: ({ target }) => onchange(target.value) }, Object.entries(options).map(option)));
}

/**
 * Replaces what `containers` (by id) hold. Where the element that had the focus is gone or can no
 * longer be used, the one named by `next` gets it, so that a keyboard never loses its place.
 */
export function replace(containers, next) {
  const focused = document.activeElement?.id;
  for (const [id, children] of Object.entries(containers)) document.getElementById(id).replaceChildren(...children);
  if (!focused || document.activeElement?.id === focused) return;
  const usable = [focused, ...next(focused)].map((id) => document.getElementById(id)).find((found) => found && !found.disabled);
  usable?.focus({ preventScroll: true });
}
