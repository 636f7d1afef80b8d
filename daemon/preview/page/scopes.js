/** The meters: sound, shapes, head, latency, receivers, and the identity in use. */

import { drawCurves } from "./curves.js";
import { find, make } from "./dom.js";
import { LatencyPanel } from "./latency.js";
import { Shapes } from "./shapes.js";
import { degrees, drawTurns, Turns } from "./turns.js";

const SHOWN_S = 10;
const QUIETEST_DB = -90;
const FALL_DB = 3; // per status message: a level that jumps ten times a second is unreadable

const percent = (db) => Math.min(100, Math.max(0, (1 - db / QUIETEST_DB) * 100));

/** The last 10 s of the chosen shapes, and of how the head is turned. */
export class FrameScope {
  #shapes = new Shapes(find("#curves-legend"));
  #turns = new Turns(find("#pose-legend"));
  #frames = []; // {timeS, frame}

  /** @param {number} timeS audio time @param {Float32Array} frame */
  push(timeS, frame) {
    if (timeS < this.#frames.at(-1)?.timeS) this.#frames = [];
    this.#frames.push({ timeS, frame });
    while (this.#frames[0].timeS < timeS - SHOWN_S - 1) this.#frames.shift();
  }

  /** Draw up to a time. @param {number} nowS audio time of the face on display */
  draw(nowS) {
    const frames = this.#frames;
    const times = frames.map((each) => each.timeS);
    const curves = ({ series }) =>
      series.map(({ index, colour }) => ({ colour, times, value: (n) => frames[n].frame[index] }));
    const view = { fromS: nowS - SHOWN_S, toS: nowS, relative: true };
    drawCurves(find("#curves"), curves(this.#shapes), view);
    drawTurns(find("#pose-curves"), curves(this.#turns), view);
    const newest = frames.at(-1)?.frame;
    this.#shapes.label((index) => newest?.[index].toFixed(2) ?? "–");
    this.#turns.label((index) => (newest ? degrees(newest[index]) : "–"));
  }
}

/** The panels that show status messages. */
export class Scopes {
  #latency = new LatencyPanel();
  #levelDb = QUIETEST_DB;
  #floor = null;

  /** Take what does not change from the hello message. @param {{floor: number | null}} hello */
  offer({ floor }) {
    this.#floor = floor;
  }

  /** @param {object} status a status message */
  show(status) {
    this.#levelDb = Math.max(status.level_db ?? QUIETEST_DB, this.#levelDb - FALL_DB); // null before the first sound
    showSound(status, this.#levelDb);
    this.#latency.show(status.latency);
    showReceivers(status);
    showMatch(status, this.#floor);
    showRecording(status.recording);
  }
}

function showSound({ gate, gate_db: gateDb }, levelDb) {
  const fill = find(".meter .fill");
  const mark = find(".meter .mark");
  find("#level").textContent = `${Math.round(levelDb)} dB`.replace("-", "−");
  fill.style.clipPath = `inset(0 ${100 - percent(levelDb)}% 0 0 round 4px)`;
  fill.style.opacity = 0.35 + 0.65 * gate;
  mark.hidden = gateDb === null;
  mark.style.left = `${percent(gateDb ?? 0)}%`;
  find("#gate-state").textContent = gateDb === null ? "" : gate > 0.95 ? "open" : gate < 0.05 ? "closed" : "moving";
}

function showReceivers({ sinks, held, late, dropped }) {
  const rows = sinks.map(({ name, later_ms: laterMs, fps, sent, skipped }) => {
    const to = laterMs ? `${name}, ${laterMs} ms later` : name;
    return make("tr", {}, ...[to, fps.toFixed(1), sent, skipped].map((text) => make("td", { title: text }, String(text))));
  });
  find("#sinks tbody").replaceChildren(...rows);
  for (const [name, count] of Object.entries({ held, late, ...dropped })) {
    const cell = find(`#counters [data-count="${name}"]`);
    cell.textContent = count;
    cell.classList.toggle("some", count > 0);
  }
}

function showMatch({ match, identity, speaking }, floor) {
  const auto = identity === "auto";
  const who = auto ? speaking : identity;
  find("#identity-now").textContent = `${auto ? "by voice" : "in use"}: ${who ?? "mean of all"}`;
  const rows = Object.entries(match).sort(([, a], [, b]) => b - a);
  const bars = rows.map(([name, score]) => bar(name, score, score.toFixed(2).replace("-", "−"), name === who));
  for (const { children } of floor === null ? [] : bars) {
    const mark = make("em", { title: `below ${floor.toFixed(2)} the voice counts as unknown` });
    mark.style.left = `${Math.max(0, floor) * 100}%`;
    children[1].append(mark);
  }
  find("#match").replaceChildren(...bars);
}

/**
 * A bar with a name and a figure.
 * @param {string} name @param {number} share 0..1 @param {string} figure @param {boolean} [strong]
 */
export function bar(name, share, figure, strong = false) {
  const fill = make("i");
  fill.style.width = `${Math.min(1, Math.max(0, share)) * 100}%`;
  const row = make("div", { className: "bar" }, make("span", {}, name), make("div", {}, fill), make("b", {}, figure));
  row.classList.toggle("strong", strong);
  return row;
}

function showRecording(recording) {
  find("#recording").hidden = !recording;
  if (recording) find("#recording span").textContent = `${recording.seconds.toFixed(1)} s`;
}
