import { make } from "./dom.js";

/** Colour a slider's track up to its thumb. @param {HTMLInputElement} slider of type range */
export function fillTrack(slider) {
  const share = (slider.valueAsNumber - slider.min) / (slider.max - slider.min || 1);
  slider.style.setProperty("--share", share);
}

/**
 * A row with a name, a slider for a setting, and its value.
 * @param {object} setting
 * @param {string} setting.key such as "style", "performance.head"
 * @param {string} setting.name @param {string} setting.title
 * @param {number} [setting.min] @param {number} setting.max @param {number} setting.step
 * @param {number} setting.neutral what a double-click sets
 * @param {string} [setting.unit]
 * @returns {HTMLDivElement}
 */
export function sliderRow({ key, name, title, min = 0, max, step, neutral, unit = "" }) {
  const id = key.replace(".", "-");
  const slider = make("input", { type: "range", id, min, max, step, title, dataset: { key, neutral, unit } });
  const value = make("output");
  value.htmlFor = id;
  return make("div", { className: "slider" }, make("label", { htmlFor: id, title }, name), slider, value);
}
