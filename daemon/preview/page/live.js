/** The Live tab: the program's frames on the face, its status in the panels, its settings in the controls. */

import { Controls } from "./controls.js";
import { find } from "./dom.js";
import { FaceView } from "./faceview.js";
import { Link } from "./link.js";
import { noteFor, showNote, Silence } from "./notes.js";
import { Playback } from "./playback.js";
import { FrameScope, Scopes } from "./scopes.js";
import { toast } from "./toast.js";

/** Begin. @param {import("./looks.js").Looks} looks */
export async function startLive(looks) {
  const [playback, frameScope, scopes, silence] = [new Playback(), new FrameScope(), new Scopes(), new Silence()];
  const state = { connection: "connecting", phase: "starting", phaseAtS: performance.now() / 1000, input: "", settings: null, silent: false };
  const counters = (window.facewire = { frames: 0, timeS: null });
  const view = new FaceView(find("#face"));
  const link = new Link({
    connection(now) {
      state.connection = now;
      state.silent = false;
      if (now === "open") playback.reset();
      showConnection(state);
      find("#live").classList.toggle("away", now !== "open");
    },
    hello(hello) {
      if (state.version && state.version !== hello.version) location.reload(); // facewire was updated meanwhile
      if (hello.phase === "replay") goToReplay();
      if (hello.phase !== state.phase) state.phaseAtS = performance.now() / 1000;
      Object.assign(state, { version: hello.version, phase: hello.phase, input: hello.input });
      find("#input").textContent = hello.input;
      showConnection(state);
      looks.offer(hello.head);
      controls.offer(hello);
      scopes.offer(hello);
    },
    settings(message) {
      state.settings = message.now;
      controls.show(message);
    },
    status(status) {
      state.silent = silence.hear(status.level_db ?? -Infinity, performance.now() / 1000);
      scopes.show(status);
      controls.calibrating(status.calibrating);
    },
    said: ({ text }) => toast(text),
    error({ text }) {
      toast(text, "error");
      controls.refused();
    },
    frame(timeS, frame) {
      counters.frames++;
      playback.push(timeS, frame, performance.now() / 1000);
      frameScope.push(timeS, frame);
    },
  });
  const controls = new Controls(link);
  listenToKeys(controls);

  const paint = () => {
    const frame = playback.at(performance.now() / 1000);
    counters.timeS = playback.timeS;
    view.draw(frame);
    frameScope.draw(playback.timeS ?? 0);
    showNote(noteFor({ ...state, phaseS: performance.now() / 1000 - state.phaseAtS }));
    requestAnimationFrame(paint);
  };
  requestAnimationFrame(paint);
  await looks.dress(view);
}

function showConnection({ connection, phase }) {
  const pill = find("#connection");
  pill.dataset.state = connection;
  pill.dataset.phase = connection === "open" ? phase : "";
  pill.textContent = { connecting: "connecting…", open: phase, waiting: "waiting for the program" }[connection];
  pill.hidden = false;
}

function listenToKeys(controls) {
  const keys = { m: "mute", f: "freeze", r: "record" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (keys[event.key] && !event.target.closest?.("select, dialog, input:not([type=range], [type=checkbox])")) {
      controls.toggle(keys[event.key]);
    }
  });
}

/** This program only plays takes. */
function goToReplay() {
  const url = new URL(location);
  url.searchParams.set("replay", "");
  location.replace(url);
}
