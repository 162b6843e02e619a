// Elements by script: no markup is ever parsed, so the strictest page policy allows it.

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | boolean | ((event: any) => void)>} [attributes] functions are listeners
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (typeof value === 'string') element.setAttribute(name, value);
    else if (value) element.setAttribute(name, '');
  }
  element.append(...children);
  return element;
}

/**
 * A button.
 * @param {string} text
 * @param {(event: MouseEvent) => void} click
 * @param {Record<string, string | boolean>} [attributes]
 */
export function button(text, click, attributes = {}) {
  return h('button', { type: 'button', class: 'button', click, ...attributes }, text);
}

/**
 * A choice of a few.
 * @param {string} label
 * @param {Record<string, string>} options texts by value
 * @param {string} value
 * @param {(value: string) => void} change
 */
export function choice(label, options, value, change) {
  const select = h('select', { 'aria-label': label, change: () => change(select.value) },
    ...Object.entries(options).map(([key, text]) => h('option', { value: key, ...(key === value && { selected: true }) }, text)));
  return select;
}
