/** Frames arrive unevenly; this interpolates the face for each moment of the display, on audio time. */

import { NUMBERS } from "./frame.js";

const KEEP_S = 2;
const JUMP_S = 0.5;
/** How much faster or slower than the clock it plays while it catches up. */
const SLEW = 0.15;

/**
 * The frame between two frames.
 * @param {Float32Array} a @param {Float32Array} b
 * @param {number} share 0: a, 1: b
 * @param {Float32Array} into receives the result
 */
export function mix(a, b, share, into) {
  for (let i = 0; i < into.length; i++) into[i] = a[i] + (b[i] - a[i]) * share;
  return into;
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** Keeps the last frames and plays them one to two frame intervals late, depending on how unevenly they arrive. */
export class Playback {
  #frames = []; // {timeS, frame, lagS: when it arrived, minus its time}
  #headS = null;
  #askedS = 0;
  #shown = new Float32Array(NUMBERS);

  /** Audio time of the face shown last, in seconds; null before the first frame. */
  get timeS() {
    return this.#headS;
  }

  /** Forget everything; a new stream begins. */
  reset() {
    this.#frames = [];
    this.#headS = null;
  }

  /**
   * Add a frame that has arrived.
   * @param {number} timeS audio time @param {Float32Array} frame @param {number} nowS the display's clock
   */
  push(timeS, frame, nowS) {
    const newest = this.#frames.at(-1);
    if (newest && timeS < newest.timeS) this.reset();
    else if (newest?.timeS === timeS) this.#frames.pop();
    this.#frames.push({ timeS, frame, lagS: nowS - timeS });
    while (this.#frames.length > 2 && this.#frames[0].timeS < timeS - KEEP_S) this.#frames.shift();
  }

  /**
   * The frame to show now, or null before the first frame. It holds when no frames come, and never goes back.
   * @param {number} nowS the display's clock
   * @returns {Float32Array | null} valid until the next call
   */
  at(nowS) {
    const frames = this.#frames;
    if (!frames.length) return null;
    const newestS = frames.at(-1).timeS;
    this.#headS = Math.min(this.#advance(nowS), newestS);
    this.#askedS = nowS;
    const next = frames.findIndex((frame) => frame.timeS >= this.#headS);
    const [a, b] = [frames[Math.max(0, next - 1)], frames[next]];
    const share = a === b ? 0 : (this.#headS - a.timeS) / (b.timeS - a.timeS);
    return mix(a.frame, b.frame, share, this.#shown);
  }

  #advance(nowS) {
    const wantedS = nowS - this.#delayS();
    if (this.#headS === null) return wantedS;
    const passedS = nowS - this.#askedS;
    const behindS = wantedS - (this.#headS + passedS);
    if (behindS > JUMP_S) return wantedS;
    return this.#headS + passedS + clamp(behindS, -SLEW * passedS, SLEW * passedS);
  }

  /** From audio time to display: the shortest recent lag, plus one frame interval, plus the jitter up to another. */
  #delayS() {
    const lags = this.#frames.map((frame) => frame.lagS);
    const quickest = Math.min(...lags);
    const count = this.#frames.length - 1;
    const intervalS = count ? (this.#frames[count].timeS - this.#frames[0].timeS) / count : 0;
    return quickest + intervalS + Math.min(Math.max(...lags) - quickest, intervalS);
  }
}
