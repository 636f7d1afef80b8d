/** The Shapes tab: single blendshapes, large or all in a grid. Needs the files only, no running program. */

import { find, make } from "./dom.js";
import { createLook, FaceView } from "./faceview.js";
import { NUMBERS, straight } from "./frame.js";
import { NAMES } from "/names.js";

const CELL_PX = 160;

/**
 * The shapes that a URL's ?face= asks for, as weights.
 * @param {string} asked such as "jawOpen:0.5,mouthFunnel" (without a figure: 1)
 * @returns {{weights: Float32Array, label: string, unknown: string[]}}
 */
export function parseFace(asked) {
  const weights = new Float32Array(NAMES.length);
  const parts = asked.split(",").filter((part) => part && part !== "rest");
  const unknown = [];
  const labels = parts.map((part) => {
    const [name, figure = "1"] = part.split(/[:=]/);
    const [index, value] = [NAMES.indexOf(name), Number(figure)];
    if (index < 0 || !(value >= 0 && value <= 1)) unknown.push(part);
    else weights[index] = value;
    return value === 1 ? name : `${name} ${figure}`;
  });
  return { weights, label: labels.join(" + ") || "rest", unknown };
}

/** Start. @param {import("./looks.js").Looks} looks @param {string} asked the value of ?face= */
export function startInspect(looks, asked) {
  looks.offer(true);
  return asked === "all" || asked === "" ? showAll(looks) : showOne(looks, asked);
}

async function showOne(looks, asked) {
  const { weights, label, unknown } = parseFace(asked);
  const frame = new Float32Array(NUMBERS);
  frame.set(weights);
  const holder = make("div", { className: "face" });
  const title = unknown.length
    ? `unknown shape, or a value outside 0 to 1: ${unknown.join(", ")}; try ?face=jawOpen:0.5,mouthFunnel`
    : label;
  find("#inspect").replaceChildren(
    make("section", { className: "stage one" }, holder, make("h1", {}, title)),
  );
  const view = new FaceView(holder);
  await looks.dress(view);
  const paint = () => {
    view.draw(frame);
    requestAnimationFrame(paint);
  };
  paint();
}

/** Rest and all shapes, each at 1. One face draws them in turn, since browsers limit WebGL contexts. */
class Sheet {
  #cells = ["rest", ...NAMES].map((name) => ({ weights: parseFace(name).weights, name, canvas: make("canvas") }));
  element = make("div", { className: "grid" }, ...this.#cells.map(linked));

  /** @param {"drawn"|"head"} look */
  async use(look) {
    const { canvas: studio, face } = await createLook(look);
    face.resize(CELL_PX, CELL_PX, devicePixelRatio);
    for (const { weights, canvas } of this.#cells) {
      face.draw(weights, straight());
      Object.assign(canvas, { width: studio.width, height: studio.height });
      canvas.getContext("2d").drawImage(studio, 0, 0);
    }
    face.destroy();
  }
}

function linked({ name, canvas }) {
  const url = new URL(location);
  url.searchParams.set("face", name);
  return make("a", { href: url.href, dataset: { shape: name } }, canvas, make("span", {}, name));
}

function showAll(looks) {
  const sheet = new Sheet();
  find("#inspect").replaceChildren(sheet.element);
  return looks.dress(sheet);
}
