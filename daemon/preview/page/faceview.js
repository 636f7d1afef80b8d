/** One face on the page: a canvas of either look that fills its holder and is turned by dragging. */

import { make } from "./dom.js";

const MODULES = { drawn: "./drawn/face.js", head: "./head/face.js" };
const RADIANS_PER_PIXEL = 0.006;
const FURTHEST = { yaw: 0.9, pitch: 0.6 };

/** A face on a canvas of its own. @param {"drawn"|"head"} look */
export async function createLook(look) {
  const canvas = make("canvas", { dataset: { look } });
  const { createFace } = await import(MODULES[look]);
  return { canvas, face: await createFace(canvas) };
}

/** A head that faces forward. */
export const straight = () => ({ yaw: 0, pitch: 0, roll: 0 });

/** A face that follows the size of its holder, and the pointer. */
export class FaceView {
  #holder;
  #pose;
  #shown = null; // {canvas, face}
  #look = null;
  #weights = new Float32Array(52);
  #painted = false;
  #pointer = null; // where it was last, in CSS pixels

  /**
   * @param {HTMLElement} holder
   * @param {{yaw: number, pitch: number, roll: number}} pose radians; faces that share one turn together
   */
  constructor(holder, pose = straight()) {
    this.#holder = holder;
    this.#pose = pose;
    holder.addEventListener("pointerdown", (event) => {
      holder.setPointerCapture(event.pointerId);
      this.#pointer = event;
    });
    holder.addEventListener("pointermove", (event) => this.#turn(event));
    holder.addEventListener("dblclick", () => Object.assign(pose, straight()));
    new ResizeObserver(() => this.#fit()).observe(holder);
  }

  /** Change the look. Rejects, and keeps the old look, if the new one cannot be shown. @param {"drawn"|"head"} look */
  async use(look) {
    if (look === this.#look) return;
    this.#look = look;
    const made = await createLook(look).catch((error) => {
      this.#look = null;
      throw error;
    });
    if (this.#look !== look) return made.face.destroy(); // another look was chosen meanwhile
    this.#shown?.face.destroy();
    this.#shown = made;
    this.#holder.replaceChildren(made.canvas);
    this.#fit();
  }

  /** Paint if anything has changed. @param {Float32Array | null} weights null: as before */
  draw(weights) {
    if (!this.#shown) return;
    const key = [...(weights ?? this.#weights), this.#pose.yaw, this.#pose.pitch].join();
    if (this.#painted === key) return;
    this.#painted = key;
    if (weights) this.#weights.set(weights);
    this.#shown.face.draw(this.#weights, this.#pose);
  }

  /** Take it off the page. */
  destroy() {
    this.#look = "gone";
    this.#shown?.face.destroy();
    this.#shown = null;
    this.#holder.replaceChildren();
  }

  #turn(event) {
    if (!this.#holder.hasPointerCapture(event.pointerId)) return;
    const turned = (angle, pixels, furthest) =>
      Math.min(furthest, Math.max(-furthest, angle + pixels * RADIANS_PER_PIXEL));
    this.#pose.yaw = turned(this.#pose.yaw, event.clientX - this.#pointer.clientX, FURTHEST.yaw);
    this.#pose.pitch = turned(this.#pose.pitch, this.#pointer.clientY - event.clientY, FURTHEST.pitch);
    this.#pointer = event;
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#holder;
    if (!this.#shown || !width || !height) return;
    this.#shown.face.resize(width, height, devicePixelRatio);
    this.#painted = false;
    this.draw(null);
  }
}
