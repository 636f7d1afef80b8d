/** window.film draws frames for daemon/preview/studio.py with the code of the page itself. */

const SHAPES = 52;
const STRAIGHT = { yaw: 0, pitch: 0, roll: 0 };
const QUALITY = 1; // the film is compressed once, later

/** @param {string} base64 @returns {Float32Array} */
function floats(base64) {
  return new Float32Array(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)).buffer);
}

/**
 * @param {"drawn"|"head"} look
 * @param {number} size_px width and height of the pictures
 * @returns {Promise<(weights: string) => string[]>} turns n frames, base64 of little-endian float32 (n, 52), into
 *   n pictures, base64 of JPEG
 */
async function open(look, size_px) {
  const { createFace } = await import(`./${look}/face.js`);
  const canvas = document.querySelector("canvas");
  const face = await createFace(canvas);
  face.resize(size_px, size_px, 1);
  return (weights) => {
    const all = floats(weights);
    return Array.from({ length: all.length / SHAPES }, (_, index) => {
      face.draw(all.subarray(index * SHAPES, (index + 1) * SHAPES), STRAIGHT);
      return canvas.toDataURL("image/jpeg", QUALITY).split(",")[1];
    });
  };
}

let draw = null;

window.film = {
  async open(look, size_px) {
    draw = await open(look, size_px);
  },
  draw: (weights) => draw(weights),
};
