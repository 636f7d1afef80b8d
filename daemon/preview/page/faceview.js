/** One face on the page: a canvas of either look that fills its holder and is turned by dragging. */

import { make } from "./dom.js";
import { NUMBERS, poseOf, straight, weightsOf } from "./frame.js";

const MODULES = { drawn: "./drawn/face.js", head: "./head/face.js" };
const RADIANS_PER_PIXEL = 0.006;
const FURTHEST = { yaw: 0.9, pitch: 0.6 };

/** A face on a canvas of its own. @param {"drawn"|"head"} look */
export async function createLook(look) {
  const canvas = make("canvas", { dataset: { look } });
  const { createFace } = await import(MODULES[look]);
  return { canvas, face: await createFace(canvas) };
}

/** A face that follows the size of its holder, and the pointer. */
export class FaceView {
  #holder;
  #turned;
  #shown = null; // {canvas, face}
  #look = null;
  #frame = new Float32Array(NUMBERS);
  #painted = false;
  #pointer = null; // where it was last, in CSS pixels

  /**
   * @param {HTMLElement} holder
   * @param {import("./frame.js").Pose} turned by the user, besides its own pose; faces that share one turn together
   */
  constructor(holder, turned = straight()) {
    this.#holder = holder;
    this.#turned = turned;
    holder.addEventListener("pointerdown", (event) => {
      holder.setPointerCapture(event.pointerId);
      this.#pointer = event;
    });
    holder.addEventListener("pointermove", (event) => this.#turn(event));
    holder.addEventListener("dblclick", () => Object.assign(turned, straight()));
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

  /** Paint if anything has changed. @param {Float32Array | null} frame null: as before */
  draw(frame) {
    if (!this.#shown) return;
    const key = [...(frame ?? this.#frame), this.#turned.yaw, this.#turned.pitch].join();
    if (this.#painted === key) return;
    this.#painted = key;
    if (frame) this.#frame.set(frame);
    this.#shown.face.draw(weightsOf(this.#frame), poseOf(this.#frame, this.#turned));
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
    this.#turned.yaw = turned(this.#turned.yaw, event.clientX - this.#pointer.clientX, FURTHEST.yaw);
    this.#turned.pitch = turned(this.#turned.pitch, this.#pointer.clientY - event.clientY, FURTHEST.pitch);
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
