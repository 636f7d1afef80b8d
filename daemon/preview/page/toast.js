/** A short message at the bottom of the page. */

import { find } from "./dom.js";

let ends = 0;

/**
 * @param {string} text
 * @param {"said"|"error"} [kind]
 */
export function toast(text, kind = "said") {
  const box = find("#toast");
  box.textContent = text;
  box.dataset.kind = kind;
  box.hidden = false;
  clearTimeout(ends);
  ends = setTimeout(() => (box.hidden = true), kind === "error" ? 8000 : 3000);
}
