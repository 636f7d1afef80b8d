/** The Replay tab: one take, or two side by side, with their sound and their curves. */

import { drawCurves } from "./curves.js";
import { find, make } from "./dom.js";
import { FaceView } from "./faceview.js";
import { straight } from "./frame.js";
import { Link } from "./link.js";
import { isSound, listenToFiles } from "./openfiles.js";
import { bar } from "./scopes.js";
import { Shapes } from "./shapes.js";
import { difference, fetchSound, fetchTake, listTakes, parseFile } from "./take.js";
import { toast } from "./toast.js";
import { Transport } from "./transport.js";
import { clockTime, TransportBar } from "./transportbar.js";
import { degrees, drawTurns, Turns } from "./turns.js";
import { NAMES } from "/names.js";

const SIDES = ["take", "beside"];

/** Begin. @param {import("./looks.js").Looks} looks */
export function startReplay(looks) {
  new Link({
    hello({ head, phase }) {
      looks.offer(head);
      find("nav a[data-mode=live]").hidden = phase === "replay";
    },
  });
  return new Replay(looks).begin();
}

class Replay {
  #looks;
  #transport = new Transport();
  #bar = new TransportBar(this.#transport, () => (this.#takes.take ?? this.#takes.beside)?.fps ?? 30);
  #takes = {}; // side -> Take
  #views = {}; // side -> FaceView
  #turned = straight();
  #shapes;
  #turns = new Turns(find("#replay-pose-legend"));
  #difference = null; // (52,) where there are two takes
  #ownSound = false;

  constructor(looks) {
    this.#looks = looks;
    this.#shapes = new Shapes(find("#replay-legend"), () => this.#drawCurves());
    listenToFiles([...SIDES, "sound"], (files, place) => this.#open(files, place).catch(complain));
    new ResizeObserver(() => this.#drawCurves()).observe(find("#replay-curves"));
  }

  async begin() {
    const query = new URLSearchParams(location.search);
    const names = await listTakes();
    for (const side of SIDES) {
      fillNames(find(`#${side}`), side === "take" ? "choose…" : "none", names);
      find(`#${side}`).addEventListener("change", ({ target }) => this.#choose(side, target.value).catch(complain));
    }
    requestAnimationFrame(() => this.#paint());
    const wanted = { take: query.get("replay") || names[0], beside: query.get("beside") };
    this.#showEmpty();
    for (const side of SIDES) if (wanted[side]) await this.#choose(side, wanted[side]).catch(complain);
  }

  /** Show one of the program's takes; "" for none. */
  async #choose(side, name) {
    await this.#put(side, name ? await fetchTake(name) : null);
    if (side === "take") this.#useSoundOf(name ? await fetchSound(name) : null);
    find(`#${side}`).value = name;
    const url = new URL(location);
    url.searchParams.set(side === "take" ? "replay" : "beside", name);
    if (!name && side === "beside") url.searchParams.delete("beside");
    history.replaceState(null, "", url);
  }

  async #put(side, take) {
    this.#takes[side] = take;
    const { take: a, beside: b } = this.#takes;
    this.#transport.durationS = Math.max(0, ...[a, b].filter(Boolean).map((each) => each.durationS));
    this.#transport.seek(Math.min(this.#transport.timeS, this.#transport.durationS));
    this.#difference = a && b ? difference(a, b) : null;
    this.#showDifference();
    this.#drawCurves();
    this.#showEmpty();
    await this.#showFace(side, take);
  }

  async #showFace(side, take) {
    find(`#replay-faces [data-side=${side}]`)?.remove();
    if (this.#views[side]) {
      this.#looks.drop(this.#views[side]);
      this.#views[side].destroy();
      delete this.#views[side];
    }
    if (!take) return;
    const holder = make("div", { className: "face" });
    const figure = make("figure", { dataset: { side } }, holder, make("figcaption", {}, this.#caption(side, take)));
    find("#replay-faces")[side === "take" ? "prepend" : "append"](figure);
    this.#views[side] = new FaceView(holder, this.#turned);
    await this.#looks.dress(this.#views[side]);
  }

  #caption(side, { name, fps, durationS }) {
    return `${name} · ${+fps.toFixed(2)} fps · ${clockTime(durationS)}${side === "beside" ? " · dashed" : ""}`;
  }

  /** Use the take's sound. If it has none, a sound that the user opened stays. */
  #useSoundOf(blob) {
    if (this.#ownSound && !blob) return;
    this.#ownSound = false;
    this.#sound(blob, "with sound");
  }

  #sound(blob, text) {
    this.#transport.load(blob);
    find("#sound-name").textContent = blob ? text : this.#takes.take ? "no sound" : "";
  }

  #paint() {
    const { timeS, durationS, playing } = this.#transport;
    if (playing && timeS >= durationS) this.#transport.pause();
    for (const [side, view] of Object.entries(this.#views)) view.draw(this.#takes[side].at(timeS));
    this.#bar.show();
    const shown = SIDES.map((side) => this.#takes[side]).filter(Boolean);
    const label = (text) => (index) => shown.map((take) => text(take.at(timeS)[index])).join(" | ") || "–";
    this.#shapes.label(label((weight) => weight.toFixed(2)));
    this.#turns.label(label(degrees));
    requestAnimationFrame(() => this.#paint());
  }

  #drawCurves() {
    const curves = ({ series }) => SIDES.flatMap((side) => {
      const take = this.#takes[side];
      if (!take) return [];
      return series.map(({ index, colour }) => ({
        colour,
        dashed: side === "beside",
        times: take.times,
        value: (n) => take.number(n, index),
      }));
    });
    const view = { fromS: 0, toS: this.#transport.durationS || 1 };
    drawCurves(find("#replay-curves"), curves(this.#shapes), view);
    drawTurns(find("#replay-pose-curves"), curves(this.#turns), view);
  }

  #showDifference() {
    document.body.classList.toggle("two", Boolean(this.#difference));
    if (!this.#difference) return;
    const most = Math.max(...this.#difference, 1e-6);
    const order = NAMES.map((name, index) => ({ name, value: this.#difference[index] }));
    order.sort((a, b) => b.value - a.value);
    const rows = order.map(({ name, value }) => {
      const row = bar(name, value / most, value.toFixed(3));
      row.dataset.shape = name;
      row.addEventListener("click", () => this.#shapes.toggle(name));
      return row;
    });
    find("#difference").replaceChildren(...rows);
    const mean = this.#difference.reduce((sum, value) => sum + value, 0) / NAMES.length;
    find("#difference-mean").textContent = mean.toFixed(3);
  }

  #showEmpty() {
    document.body.classList.toggle("no-take", !this.#takes.take && !this.#takes.beside);
  }

  /** Sounds play from the browser, takes are read by the program; a dropped take goes to the free side. */
  async #open(files, place) {
    for (const file of files) {
      if (isSound(file)) {
        this.#ownSound = true;
        this.#sound(file, file.name);
        continue;
      }
      const side = place ?? (this.#takes.take ? "beside" : "take");
      await this.#put(side, await parseFile(file));
      if (side === "take") this.#useSoundOf(null);
      addName(find(`#${side}`), file.name);
    }
  }
}

const complain = (error) => toast(error.message, "error");

function fillNames(select, none, names) {
  const options = ["", ...names].map((name) => make("option", { value: name }, name || none));
  select.replaceChildren(...options);
}

/** Show a local file's name as the choice. It cannot be chosen again, since only the browser has the file. */
function addName(select, name) {
  select.querySelector("[data-local]")?.remove();
  const option = make("option", { value: "", disabled: true, dataset: { local: "" } }, name);
  select.prepend(option);
  option.selected = true;
}
