/** The transport's buttons, scrub bar, keys and play head. */

import { find } from "./dom.js";
import { fillTrack } from "./slider.js";

const ON_BUTTONS = "button, select, summary, dialog, input:not([type=range])";

/** Minutes, seconds and hundredths. @param {number} timeS */
export const clockTime = (timeS) => `${Math.floor(timeS / 60)}:${(timeS % 60).toFixed(2).padStart(5, "0")}`;

/** Lets the user drive a transport. */
export class TransportBar {
  #transport;
  #fps;

  /** @param {import("./transport.js").Transport} transport @param {() => number} fps a step is one frame */
  constructor(transport, fps) {
    this.#transport = transport;
    this.#fps = fps;
    find("#play").addEventListener("click", () => this.#toggle());
    find("#step-back").addEventListener("click", () => this.#step(-1));
    find("#step-on").addEventListener("click", () => this.#step(1));
    find("#scrub").addEventListener("input", ({ target }) => transport.seek(target.valueAsNumber));
    find(".transport").addEventListener("mousedown", (event) => {
      if (event.target.closest("button")) event.preventDefault(); // keeps the focus elsewhere, so that space still plays
    });
    this.#listenToSpeed();
    this.#listenToCurves();
    this.#listenToKeys();
  }

  /** Show the position. */
  show() {
    const { timeS, durationS, playing } = this.#transport;
    find("#play").textContent = playing ? "❚❚" : "▶";
    find("#play").ariaLabel = playing ? "pause" : "play";
    find("#time").textContent = `${clockTime(timeS)} / ${clockTime(durationS)}`;
    find("#scrub").max = durationS;
    find("#scrub").value = timeS;
    fillTrack(find("#scrub"));
    find("#play-head").style.left = `${durationS ? (timeS / durationS) * 100 : 0}%`;
  }

  #toggle() {
    if (this.#transport.playing) this.#transport.pause();
    else this.#transport.play();
  }

  #step(frames) {
    const fps = this.#fps();
    this.#transport.pause();
    this.#transport.seek((Math.round(this.#transport.timeS * fps) + frames) / fps);
  }

  #listenToSpeed() {
    const buttons = document.querySelectorAll("#speed button");
    for (const button of buttons) {
      button.addEventListener("click", () => {
        this.#transport.rate = Number(button.dataset.speed);
        for (const each of buttons) each.ariaPressed = String(each === button);
      });
    }
  }

  #listenToCurves() {
    const curves = find(".seekable");
    const seek = ({ offsetX }) => this.#transport.seek((offsetX / curves.clientWidth) * this.#transport.durationS);
    curves.addEventListener("pointerdown", (event) => {
      curves.setPointerCapture(event.pointerId);
      seek(event);
    });
    curves.addEventListener("pointermove", (event) => curves.hasPointerCapture(event.pointerId) && seek(event));
  }

  #listenToKeys() {
    const keys = { " ": () => this.#toggle(), ArrowLeft: () => this.#step(-1), ArrowRight: () => this.#step(1) };
    document.addEventListener("keydown", (event) => {
      const others = event.key === " " ? ON_BUTTONS : "select, dialog";
      if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.(others)) return;
      event.preventDefault(); // the scrub bar would step, too
      keys[event.key]();
    });
  }
}
