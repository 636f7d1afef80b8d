import { make } from "./dom.js";

/** Colour a slider's track up to its thumb. @param {HTMLInputElement} slider of type range */
export function fillTrack(slider) {
  const share = (slider.valueAsNumber - slider.min) / (slider.max - slider.min || 1);
  slider.style.setProperty("--share", share);
}

/**
 * A row with a name, a slider from 0 to `max` for a setting, and its value.
 * @param {{key: string, name: string, title: string, max: number, step: number, neutral: number}} setting
 * @returns {HTMLDivElement}
 */
export function sliderRow({ key, name, title, max, step, neutral }) {
  const id = key.replace(".", "-");
  const slider = make("input", { type: "range", id, min: 0, max, step, title, dataset: { key, neutral } });
  const value = make("output");
  value.htmlFor = id;
  return make("div", { className: "slider" }, make("label", { htmlFor: id, title }, name), slider, value);
}
