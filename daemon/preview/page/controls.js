/**
 * The settings that can be changed while the program runs. A control shows the value in use, or, until the program has
 * answered, the value just asked for: older messages that are still on their way would make it jump back.
 */

import { find, make } from "./dom.js";
import { fillTrack, sliderRow } from "./slider.js";
import { toast } from "./toast.js";

const SEND_EVERY_MS = 50;
const FIRST_GATE_DB = -60;
const PATIENCE_MS = 1000; // by then another page may have set it
const MOODS = ["neutral", "happy", "sad", "angry", "surprised", "afraid", "tired", "disgusted", "auto"];
const STRENGTH = { max: 2, step: 0.05, neutral: 1 };
const DIRECTION = { min: -40, max: 40, step: 1, neutral: 0, unit: "°" };
const PERFORMANCE = [
  {
    key: "performance.mood_intensity",
    name: "intensity",
    title: "how much of the mood is shown",
    max: 1,
    step: 0.05,
    neutral: 0.6,
  },
  { key: "performance.blinks", name: "blinks", title: "how often the eyes blink", ...STRENGTH },
  { key: "performance.gaze", name: "gaze", title: "how much the eyes look around", ...STRENGTH },
  { key: "performance.head", name: "head", title: "how much the head moves", ...STRENGTH },
  { key: "performance.brows", name: "brows", title: "how much brows, cheeks and nose move", ...STRENGTH },
  { key: "performance.listening", name: "listening", title: "how much the head nods while nobody speaks", ...STRENGTH },
  {
    key: "liveliness",
    name: "liveliness",
    title: "how much of the motion of eyes, brows and head is random",
    max: 1,
    step: 0.01,
    neutral: 0.75,
  },
  { key: "performance.look_yaw", name: "look yaw", title: "where the eyes rest: to its own right", ...DIRECTION },
  { key: "performance.look_pitch", name: "look pitch", title: "where the eyes rest: down", ...DIRECTION },
];

const named = (value, unit = "") => `${value}${unit === "°" ? "" : " "}${unit}`.trim().replace("-", "−");

/** Sends the newest values, at most every 50 ms. */
class Throttle {
  #waiting = {};
  #timer = 0;

  constructor(send) {
    this.send = send;
  }

  set(key, value) {
    this.#waiting = withSetting(this.#waiting, key, value);
    this.#timer ||= setTimeout(() => {
      this.send(this.#waiting);
      [this.#waiting, this.#timer] = [{}, 0];
    }, SEND_EVERY_MS);
  }
}

/** All controls on the Live tab. */
export class Controls {
  #link;
  #now = null; // the settings in use
  #asked = new Map(); // values asked for and not in use yet, by the control's key
  #patience = 0;
  #gateDb = FIRST_GATE_DB; // the level to return to when the gate is switched on again
  #held = null; // the slider that is being dragged
  #throttle;

  /** @param {import("./link.js").Link} link */
  constructor(link) {
    this.#link = link;
    this.#throttle = new Throttle((values) => link.set(values));
    fillSelect(find("#mood"), MOODS.map((mood) => [mood, mood]));
    find("#strengths").append(...PERFORMANCE.map(sliderRow));
    for (const slider of document.querySelectorAll("#live input[type=range]")) this.#slide(slider);
    for (const select of document.querySelectorAll("#live select[data-key]"))
      select.addEventListener("change", () => this.#set(select.dataset.key, JSON.parse(select.value)));
    for (const button of document.querySelectorAll("button[data-key]"))
      button.addEventListener("click", () => this.toggle(button.dataset.key));
    find("#gate-on").addEventListener("change", ({ target }) =>
      this.#set("gate_db", target.checked ? this.#gateDb : null),
    );
    find("#calibrate").addEventListener("click", () => link.ask("calibrate"));
    find("#measure").addEventListener("click", () => link.ask("measure"));
    find("#save").addEventListener("click", () => link.ask("save"));
    find("#copy").addEventListener("click", copyLines);
  }

  /** Toggle mute, freeze or record. @param {string} key */
  toggle(key) {
    if (this.#now) this.#set(key, !this.#value(key));
  }

  /** Fill the lists of choices. @param {object} hello */
  offer({ identities, floor, regions, ...dials }) {
    const byName = identities.map((name) => [name, name]);
    fillSelect(find("#identity"), [[null, "unknown (mean)"], ["auto", "auto (by voice)"], ...byName]);
    find("#identity").options[1].disabled = floor === null; // this checkpoint cannot tell voices apart
    fillDial("#lookahead_ms", dials.lookaheads_ms, dials.lookahead_ms);
    fillDial("#hop_ms", dials.hops_ms, dials.hop_ms);
    if (find("#gains").children.length === 0) find("#gains").append(...Object.entries(regions).map(gainRow));
    for (const slider of document.querySelectorAll("#gains input:not([data-ready])")) this.#slide(slider);
    this.#settle(); // requests made before the program (re)started are lost
  }

  /** Show the settings in use. @param {{now: object, lines: string, file: string}} settings */
  show({ now, lines, file }) {
    this.#now = now;
    this.#gateDb = now.gate_db ?? this.#gateDb;
    for (const [key, value] of this.#asked) if (inForce(now, key) === value) this.#asked.delete(key);
    this.#show();
    find("#settings-lines").textContent = lines || "None: settings that you change are listed here.";
    find("#settings-lines").classList.toggle("nothing", !lines);
    find("#copy").disabled = find("#save").disabled = !lines;
    find("#settings-file").textContent = file.split(/[\\/]/).at(-1);
    find("#save").title = file;
  }

  /** A change was refused: show the values in use again. */
  refused() {
    this.#settle();
  }

  /** Show whether the gate is being measured. @param {boolean} calibrating */
  calibrating(calibrating) {
    find("#calibrate").disabled = calibrating;
    find("#calibrate").textContent = calibrating ? "measuring, be silent…" : "Calibrate the gate: be silent for 3 s";
  }

  #set(key, value) {
    this.#link.set(withSetting({}, key, value));
    this.#expect(key, value);
  }

  #expect(key, value) {
    this.#asked.set(key, value);
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#settle(), PATIENCE_MS);
    if (this.#now) this.#show();
  }

  #settle() {
    this.#asked.clear();
    if (this.#now) this.#show();
  }

  #value(key) {
    return this.#asked.has(key) ? this.#asked.get(key) : inForce(this.#now, key);
  }

  #show() {
    for (const control of document.querySelectorAll("#live [data-key]")) {
      const value = this.#value(control.dataset.key);
      if (control.type === "range") this.#showSlider(control, value);
      else if (control.tagName === "SELECT") control.value = JSON.stringify(value);
      else control.ariaPressed = String(value);
    }
    const gated = this.#value("gate_db") !== null;
    find("#gate-on").checked = gated;
    find("#gate_db").disabled = !gated;
  }

  #showSlider(slider, value) {
    find(`output[for="${slider.id}"]`).textContent = value === null ? "off" : named(value, slider.dataset.unit);
    if (slider === this.#held) return;
    slider.value = value ?? this.#gateDb;
    fillTrack(slider);
  }

  #slide(slider) {
    slider.dataset.ready = "";
    const { key } = slider.dataset;
    const set = (value) => {
      this.#throttle.set(key, value);
      this.#expect(key, value);
    };
    slider.addEventListener("input", () => {
      this.#held = slider;
      fillTrack(slider);
      set(slider.valueAsNumber);
    });
    slider.addEventListener("change", () => (this.#held = null));
    slider.addEventListener("dblclick", () => set(Number(slider.dataset.neutral)));
  }
}

/** A setting in use, by its control's key: "style", "performance.head". */
const inForce = (now, key) => key.split(".").reduce((value, part) => value?.[part], now);

/** Settings to ask for, and one more, by its control's key. */
function withSetting(values, key, value) {
  const [name, part] = key.split(".");
  return { ...values, [name]: part ? { ...values[name], [part]: value } : value };
}

const gainRow = ([region, shapes]) =>
  sliderRow({ key: `gains.${region}`, name: region, title: shapes.join(", "), ...STRENGTH });

/** The values of a dial of the checkpoint in milliseconds, and its own choice. */
function fillDial(name, dial, trained) {
  const usual = trained === null ? "default" : `default (${trained} ms)`;
  fillSelect(find(name), [[null, usual], ...dial.map((ms) => [ms, `${ms} ms`])]);
}

/** Options by value, which is written as JSON because null is one of them. */
function fillSelect(select, options) {
  select.replaceChildren(...options.map(([value, text]) => make("option", { value: JSON.stringify(value) }, text)));
}

async function copyLines() {
  const lines = find("#settings-lines");
  try {
    await navigator.clipboard.writeText(lines.textContent);
    toast("copied");
  } catch {
    getSelection().selectAllChildren(lines); // browsers have no clipboard for plain http from another machine
    toast("press Ctrl-C to copy");
  }
}
