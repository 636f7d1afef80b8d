/** Starts the mode that the page's URL selects. */

import { find } from "./dom.js";
import { startInspect } from "./inspect.js";
import { startLive } from "./live.js";
import { Looks } from "./looks.js";
import { startReplay } from "./replay.js";
import { toast } from "./toast.js";

const query = new URLSearchParams(location.search);
const looks = new Looks();

/** Show the tab of a mode. @param {"live"|"replay"|"inspect"} mode */
function enter(mode) {
  document.body.dataset.mode = mode;
  for (const main of document.querySelectorAll("main")) main.hidden = main.id !== mode;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.mode === mode) link.ariaCurrent = "page";
    else link.removeAttribute("aria-current");
  }
}

/** Keep the token in the links between the tabs. */
function keepToken() {
  const token = query.get("token");
  for (const link of token ? document.querySelectorAll("nav a") : []) {
    const url = new URL(link.href);
    url.searchParams.set("token", token);
    link.href = url;
  }
}

function helpOnDemand() {
  const help = find("#help");
  const open = () => help.open || help.showModal();
  find("#help-open").addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (event.target.closest?.("input:not([type=range]), select")) return;
    if (event.key === "?" || event.key === "h") open();
  });
}

addEventListener("unhandledrejection", ({ reason }) => toast(reason.message ?? String(reason), "error"));
keepToken();
helpOnDemand();
if (query.has("face")) {
  enter("inspect");
  startInspect(looks, query.get("face"));
} else if (query.has("replay")) {
  enter("replay");
  startReplay(looks);
} else {
  enter("live");
  startLive(looks);
}
