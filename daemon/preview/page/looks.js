/** The look of the face, drawn or head: from the URL, or else as chosen last. */

import { find } from "./dom.js";
import { toast } from "./toast.js";

const KEY = "facewire.look";

/** The look to start with. @returns {"drawn"|"head"} */
export function chosenLook() {
  const look = new URLSearchParams(location.search).get("look") ?? localStorage.getItem(KEY);
  return look === "head" ? "head" : "drawn";
}

/** The switch in the header, for all faces on the page. */
export class Looks {
  #views = [];
  #look = chosenLook();
  #buttons = [...document.querySelectorAll("#looks button")];

  constructor() {
    for (const button of this.#buttons) button.addEventListener("click", () => this.#choose(button.dataset.look));
    this.#mark();
  }

  /** Show the switch if there is a head. @param {boolean} there */
  offer(there) {
    find("#looks").hidden = !there;
  }

  /** Give a face its look. @param {import("./faceview.js").FaceView} view */
  async dress(view) {
    this.#views.push(view);
    if (this.#look === "head") await view.use("drawn"); // the head takes a while to load, longer the first time
    await this.#use(view);
  }

  /** Forget a face that has left the page. */
  drop(view) {
    this.#views = this.#views.filter((each) => each !== view);
  }

  async #choose(look) {
    localStorage.setItem(KEY, look);
    this.#look = look;
    this.#mark();
    await Promise.all(this.#views.map((view) => this.#use(view)));
  }

  async #use(view) {
    try {
      await view.use(this.#look);
    } catch (error) {
      if (this.#look === "drawn") throw error;
      toast(`the head cannot be shown: ${error.message}`, "error");
      this.#look = "drawn";
      this.#mark();
      await view.use("drawn");
    }
  }

  #mark() {
    for (const button of this.#buttons) button.ariaPressed = String(button.dataset.look === this.#look);
  }
}
