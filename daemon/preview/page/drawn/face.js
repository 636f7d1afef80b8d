import { paintBackdrop, paintBody } from "./body.js";
import { paintBrows } from "./brows.js";
import { paintEyes } from "./eyes.js";
import { paintBackHair, paintFrontHair, paintNearEar } from "./hair.js";
import { makeHead } from "./head.js";
import { paintMouth } from "./mouth.js";
import { paintNose } from "./nose.js";
import { paintSkin } from "./skin.js";
import { makeView } from "./view.js";
import { reader } from "./weights.js";

/**
 * A drawn portrait.
 *
 * @typedef {object} Face
 * @property {(weights: Float32Array, pose: import("../frame.js").Pose) => void} draw
 *   Paints one frame: 52 weights (0..1) in the order of NAMES. The same input gives the same pixels.
 * @property {(width_px: number, height_px: number, pixel_ratio: number) => void} resize CSS pixels and their density
 * @property {() => void} destroy
 *
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Face>}
 */
export async function createFace(canvas) {
  const ctx = canvas.getContext("2d", { alpha: false });
  return {
    draw(weights, pose) {
      const w = reader(weights);
      const view = makeView(pose, canvas.width, canvas.height);
      const head = makeHead(w, view);
      ctx.lineJoin = "round";
      paintBackdrop(ctx, view, canvas.width, canvas.height);
      paintBackHair(ctx, head);
      paintBody(ctx, head, w);
      paintSkin(ctx, head, w);
      paintEyes(ctx, head, w);
      paintMouth(ctx, head, w);
      paintNose(ctx, head, w);
      paintBrows(ctx, head, w);
      paintFrontHair(ctx, head);
      paintNearEar(ctx, head);
    },
    resize(width_px, height_px, pixel_ratio) {
      canvas.width = Math.max(1, Math.round(width_px * pixel_ratio));
      canvas.height = Math.max(1, Math.round(height_px * pixel_ratio));
    },
    destroy() {
      canvas.width = 0; // frees its pixels
    },
  };
}
