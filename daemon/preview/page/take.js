/** Recorded takes, read by the program, whatever their format; a face for any moment of one. */

import { address } from "./link.js";
import { mix } from "./playback.js";

const SHAPES = 52;

/** One take, with frames at an even rate. */
export class Take {
  #weights;
  #face = new Float32Array(SHAPES);

  /** @param {{name: string, fps: number, frames: number, weights: string}} json weights: base64 of float32 */
  constructor({ name, fps, frames, weights }) {
    const bytes = Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0));
    Object.assign(this, { name, fps, frames });
    this.#weights = new Float32Array(bytes.buffer);
    this.times = Float64Array.from({ length: frames }, (_, n) => n / fps);
  }

  /** Length in seconds. */
  get durationS() {
    return this.frames / this.fps;
  }

  /** One shape of one frame. @param {number} n frame @param {number} index shape @returns {number} */
  weight(n, index) {
    return this.#weights[n * SHAPES + index];
  }

  /** The interpolated face at a time. @param {number} timeS @returns {Float32Array} valid until the next call */
  at(timeS) {
    const place = Math.min(Math.max(0, timeS * this.fps), this.frames - 1);
    const first = Math.min(Math.floor(place), Math.max(0, this.frames - 2));
    const frame = (n) => this.#weights.subarray(n * SHAPES, (n + 1) * SHAPES);
    return mix(frame(first), frame(Math.min(first + 1, this.frames - 1)), place - first, this.#face);
  }
}

/**
 * How far two takes differ, over the time they share, at the frames of the first.
 * @param {Take} a @param {Take} b
 * @returns {Float64Array} (52,) mean |a - b| of each shape
 */
export function difference(a, b) {
  const count = Math.min(a.frames, Math.floor((b.durationS - 1 / b.fps) * a.fps + 1e-6) + 1);
  const sums = new Float64Array(SHAPES);
  for (let n = 0; n < count; n++) {
    const other = b.at(n / a.fps);
    for (let i = 0; i < SHAPES; i++) sums[i] += Math.abs(a.weight(n, i) - other[i]);
  }
  return sums.map((sum) => sum / Math.max(1, count));
}

async function answer(request) {
  const response = await request;
  if (!response.ok) throw new Error((await response.text()) || response.statusText);
  return response;
}

/** The names of the program's takes. @returns {Promise<string[]>} newest first */
export async function listTakes() {
  return (await (await answer(fetch(address("takes")))).json()).takes;
}

/** @param {string} name @returns {Promise<Take>} */
export async function fetchTake(name) {
  return new Take(await (await answer(fetch(address(`takes/${encodeURIComponent(name)}`)))).json());
}

/** The sound of a take. @param {string} name @returns {Promise<Blob | null>} */
export async function fetchSound(name) {
  const response = await fetch(address(`takes/${encodeURIComponent(name)}/sound`));
  return response.status === 200 ? response.blob() : null; // 204: the take has none
}

/** Have the program read a local file. @param {File} file @returns {Promise<Take>} */
export async function parseFile(file) {
  const request = fetch(address("take", { name: file.name }), { method: "POST", body: file });
  return new Take(await (await answer(request)).json());
}
