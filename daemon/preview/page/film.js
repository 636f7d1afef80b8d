/** window.film draws frames for daemon/preview/studio.py with the code of the page itself. */

import { decoded, NUMBERS, poseOf, weightsOf } from "./frame.js";

const QUALITY = 1; // the film is compressed once, later

/**
 * @param {"drawn"|"head"} look
 * @param {number} size_px width and height of the pictures
 * @returns {Promise<(frames: string) => string[]>} turns n frames, base64 of little-endian float32 (n, 62), into
 *   n pictures, base64 of JPEG
 */
async function open(look, size_px) {
  const { createFace } = await import(`./${look}/face.js`);
  const canvas = document.querySelector("canvas");
  const face = await createFace(canvas);
  face.resize(size_px, size_px, 1);
  return (frames) => {
    const all = decoded(frames);
    return Array.from({ length: all.length / NUMBERS }, (_, index) => {
      const frame = all.subarray(index * NUMBERS, (index + 1) * NUMBERS);
      face.draw(weightsOf(frame), poseOf(frame));
      return canvas.toDataURL("image/jpeg", QUALITY).split(",")[1];
    });
  };
}

let draw = null;

window.film = {
  async open(look, size_px) {
    draw = await open(look, size_px);
  },
  draw: (frames) => draw(frames),
};
