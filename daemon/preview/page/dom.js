/**
 * The element that a selector means.
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export const find = (selector) => document.querySelector(selector);

/**
 * A new element: `make("td", { className: "figure" }, "30")`.
 * @param {string} tag
 * @param {object} [properties] assigned to it; `dataset` is merged
 * @param {...(Node|string)} children
 */
export function make(tag, { dataset = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
}
