/** The latency that is stated, and where the time of each frame went: its parts as medians, and a histogram. */

import { prepare } from "./curves.js";
import { find, make } from "./dom.js";

const KEEP = 300; // frames: 10 s at 30 per second
const BIN_MS = 5;
const PARTS = [
  { name: "capture", colour: "#8fb4ff", about: "the sound card and the chunks of sound" },
  { name: "window", colour: "#c6a2f5", about: "waiting for the hop to end and for the lookahead behind it" },
  { name: "compute", colour: "#f2b263", about: "the model" },
  { name: "send", colour: "#6fd3bd", about: "waiting for the frame's moment, so that the face moves evenly" },
];

const sum = (row) => row.reduce((total, part) => total + part, 0);

/** @param {number[]} values at least one @returns {number} */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The panel of the latency. */
export class LatencyPanel {
  #rows = []; // [capture, window, compute, send] in ms, one per frame
  #bars;

  constructor() {
    this.#bars = PARTS.map(({ name, colour, about }) => {
      const [bar, dot, value] = [make("div", { title: `${name}: ${about}` }), make("i"), make("b", {}, "–")];
      bar.style.background = dot.style.background = colour;
      find("#latency-bar").append(bar);
      find("#latency-parts").append(make("span", { title: about }, dot, name, value));
      return { bar, value };
    });
  }

  /**
   * @param {{stated_ms: {total: number}, settled: boolean, measuring: boolean, set: boolean, measured_ms: number[][]}}
   *   latency a status message's
   */
  show({ stated_ms: stated, settled, measuring, set, measured_ms: measured }) {
    this.#rows = [...this.#rows, ...measured].slice(-KEEP);
    find("#latency-total").textContent = settled ? `${Math.round(stated.total)} ms` : "measuring…";
    find("#latency-total").title = Object.entries(stated).map(([part, ms]) => `${part} ${Math.round(ms)}`).join(", ");
    find("#measure").disabled = measuring || set;
    find("#measure").textContent = set ? "Set by latency_ms" : measuring ? "measuring…" : "Measure again";
    if (!this.#rows.length) return;
    const medians = PARTS.map((_, part) => median(this.#rows.map((row) => row[part])));
    this.#bars.forEach(({ bar, value }, part) => {
      bar.style.flexGrow = Math.max(0, medians[part]);
      value.textContent = Math.round(medians[part]);
    });
    const totals = this.#rows.map(sum);
    find("#latency-hint").textContent =
      `Measured ${Math.round(median(totals))} ms (median). ` +
      (settled
        ? `Delay the sound by ${Math.round(stated.total)} ms, and voice and face match.`
        : "A few seconds of sound are measured, then the delay for the sound is told here.");
    drawHistogram(find("#latency-histogram"), totals, stated.total);
  }
}

function drawHistogram(canvas, totals, statedMs) {
  const { context, width, height } = prepare(canvas);
  const lowest = Math.floor((Math.min(statedMs, ...totals) - 30) / 50) * 50;
  const highest = Math.ceil((Math.max(statedMs, ...totals) + 30) / 50) * 50;
  const bins = new Array((highest - lowest) / BIN_MS).fill(0);
  for (const total of totals) bins[Math.min(bins.length - 1, Math.floor((total - lowest) / BIN_MS))]++;
  const most = Math.max(...bins);
  const bottom = height - 16;
  const x = (ms) => ((ms - lowest) / (highest - lowest)) * width;
  context.fillStyle = "#5d7fae";
  bins.forEach((count, n) => {
    const tall = count && Math.max(2, (count / most) * (bottom - 4));
    context.fillRect(x(lowest + n * BIN_MS) + 0.5, bottom - tall, Math.max(1, width / bins.length - 1), tall);
  });
  context.fillStyle = "rgb(255 255 255 / 12%)";
  context.fillRect(0, bottom, width, 1);
  context.fillStyle = "#eef1f6";
  context.fillRect(x(statedMs) - 0.75, 0, 1.5, bottom);
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = "#8b95a5";
  context.textAlign = "left";
  context.fillText(`${lowest} ms`, 0, height - 3);
  context.textAlign = "right";
  context.fillText(`${highest} ms`, width, height - 3);
  context.textAlign = "center";
  context.fillStyle = "#eef1f6";
  context.fillText("stated", Math.min(width - 68, Math.max(68, x(statedMs))), height - 3);
}
