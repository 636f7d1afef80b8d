/** The shapes whose curves are shown: a legend with their colours and values, and a picker of all 52. */

import { COLOURS } from "./curves.js";
import { make } from "./dom.js";
import { NAMES } from "/names.js";

const KEY = "facewire.shapes";
const FIRST = ["jawOpen", "mouthFunnel", "mouthPressLeft"];
const GROUPS = ["jaw", "mouth", "tongue", "cheek", "nose", "eye", "brow"];

/** The chosen shapes; the browser remembers them. */
export class Shapes {
  #legend;
  #onChange;
  #values = new Map(); // name -> element
  /** @type {string[]} */ chosen;

  /** @param {HTMLElement} legend the element for the legend @param {() => void} [onChange] */
  constructor(legend, onChange = () => {}) {
    this.#legend = legend;
    this.#onChange = onChange;
    const remembered = (localStorage.getItem(KEY) ?? "").split(",").filter((name) => NAMES.includes(name));
    this.chosen = remembered.length ? remembered : FIRST;
    legend.append(make("span", { className: "chips" }), this.#picker());
    this.#show();
  }

  /** The chosen shapes with their colours. @returns {{name: string, index: number, colour: string}[]} */
  get series() {
    return this.chosen.map((name, n) => ({ name, index: NAMES.indexOf(name), colour: COLOURS[n] }));
  }

  /** Show or hide a shape. Of too many, the one chosen first goes. @param {string} name */
  toggle(name) {
    const left = this.chosen.filter((each) => each !== name);
    this.chosen = left.length < this.chosen.length ? left : [...left, name].slice(-COLOURS.length);
    localStorage.setItem(KEY, this.chosen.join());
    this.#show();
    this.#onChange();
  }

  /** Show values beside the names. @param {(index: number) => string} textOf */
  label(textOf) {
    for (const { name, index } of this.series) this.#values.get(name).textContent = textOf(index);
  }

  #show() {
    const chips = this.series.map(({ name, colour }) => {
      const dot = make("i");
      dot.style.background = colour;
      const value = make("output", {}, "–");
      this.#values.set(name, value);
      const title = `hide ${name}`;
      const chip = make("button", { type: "button", className: "chip", title }, dot, name, value);
      chip.addEventListener("click", () => this.toggle(name));
      return chip;
    });
    this.#legend.querySelector(".chips").replaceChildren(...chips);
    for (const box of this.#legend.querySelectorAll("input")) box.checked = this.chosen.includes(box.value);
  }

  #picker() {
    const groups = GROUPS.map((group) => {
      const boxes = NAMES.filter((name) => name.startsWith(group)).map((name) => {
        const box = make("input", { type: "checkbox", value: name });
        box.addEventListener("change", () => this.toggle(name));
        return make("label", {}, box, name);
      });
      return make("fieldset", {}, make("legend", {}, group), ...boxes);
    });
    const panel = make("div", { className: "choices" }, ...groups);
    const picker = make("details", { className: "picker" }, make("summary", {}, "shapes"), panel);
    document.addEventListener("pointerdown", (event) => {
      if (!picker.contains(event.target)) picker.open = false;
    });
    picker.addEventListener("keydown", (event) => {
      if (event.key === "Escape") picker.open = false;
    });
    return picker;
  }
}
