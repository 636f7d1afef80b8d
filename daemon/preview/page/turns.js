/** How the head is turned: yaw, pitch and roll against time, in degrees. */

import { COLOURS, drawCurves } from "./curves.js";
import { make } from "./dom.js";
import { SHAPES } from "./frame.js";

const ANGLES = ["yaw", "pitch", "roll"];
const TITLES = ["to its own right", "down", "onto its own right shoulder"];
const RANGES = [10, 20, 45, 90, 180]; // degrees either way

/** The legend of the three angles, with their values. */
export class Turns {
  #values = ANGLES.map(() => make("output", {}, "–"));

  /** @param {HTMLElement} legend the element for the legend */
  constructor(legend) {
    const chips = this.series.map(({ colour }, n) => {
      const dot = make("i");
      dot.style.background = colour;
      return make("span", { className: "chip", title: `positive: ${TITLES[n]}` }, dot, ANGLES[n], this.#values[n]);
    });
    legend.append(make("span", { className: "chips" }, ...chips));
  }

  /** The numbers of a frame that are shown, with their colours. @returns {{index: number, colour: string}[]} */
  get series() {
    return ANGLES.map((_, n) => ({ index: SHAPES + n, colour: COLOURS[n] }));
  }

  /** Show values beside the names. @param {(index: number) => string} textOf */
  label(textOf) {
    for (const [n, { index }] of this.series.entries()) this.#values[n].textContent = textOf(index);
  }
}

/** A figure in whole degrees. @param {number} angle @returns {string} */
export const degrees = (angle) => `${Math.round(angle) + 0}°`.replace("-", "−"); // + 0: no −0

/**
 * Draw curves of angles on a scale that holds all of them.
 * @param {HTMLCanvasElement} canvas @param {import("./curves.js").Curve[]} curves
 * @param {{fromS: number, toS: number, relative?: boolean}} view
 */
export function drawTurns(canvas, curves, view) {
  const largest = curves.reduce((most, { times, value }) => {
    for (let n = 0; n < times.length; n++) if (times[n] >= view.fromS) most = Math.max(most, Math.abs(value(n)));
    return most;
  }, 0);
  const high = RANGES.find((range) => range >= largest) ?? RANGES.at(-1);
  drawCurves(canvas, curves, { ...view, low: -high, high, unit: "°" });
}
