// The page: draws the show, and turns keys and buttons into commands.

import { drawCues } from "./cues.js";
import { Link } from "./link.js";
import { at, put, say } from "./page.js";
import { drawDeploy, drawFaders, drawNodes } from "./rig.js";
import { Show, clock, nameOf } from "./show.js";

const COMMAND = "/engine/command/";
const REPLY = "/engine/reply/";
const AUTH = "/engine/auth";
const DENIED = "denied";
const COUNT_MS = 250;
const KEPT_KEY = "cuems.key";

const show = new Show();
let link = null;
let drawing = false;
let keyIsUp = true;
let guardedUntil = 0;

// ---- drawing

function draw() {
  drawing = false;
  const alive = link?.alive ?? false;
  drawFacts(show.facts, alive);
  drawCues(show, alive, ask);
  drawNodes(show, alive, ask);
  drawDeploy(show.facts);
  drawFaders(show, alive, (address, value) => link.send(address, value));
}

function changed() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

function drawFacts(facts, alive) {
  const page = document.documentElement.dataset;
  page.armed = facts.armed ?? "";
  page.running = facts.running ?? "";
  page.paused = facts.paused ?? "";
  page.mode = facts.mode ?? "";
  page.chase = show.chase();
  put(at("project"), facts.load || "No project");
  put(at("timecode"), clock(facts.timecode));
  put(at("chase"), show.chase());
  put(at("armed"), facts.armed === "yes" ? "armed" : "not armed");
  put(at("running"), facts.running === "yes" ? "running" : "stopped");
  at("paused").hidden = facts.paused !== "yes";
  say("waiting", facts.armed !== "yes" && facts.waiting_for ? `Waiting: ${facts.waiting_for}` : "");
  say("notice", facts.notice ?? "");
  say("journal", facts.journal ? `No record is kept: ${facts.journal}` : "");
  say("bus", facts.bus_warning ?? "");
  say("role", roleWords(facts));
  const next = show.cues.get(facts.nextcue);
  put(at("next-name"), next ? nameOf(next) : facts.nextcue || "none");
  drawButtons(facts, alive);
}

// Said only where this controller is not the one that is obeyed.
function roleWords({ role, role_detail }) {
  if (!role || role === "active") return "";
  return role_detail ? `This controller is ${role}: ${role_detail}` : `This controller is ${role}`;
}

function drawButtons(facts, alive) {
  at("go").disabled = !alive || facts.armed !== "yes";
  at("go").toggleAttribute("data-guarded", performance.now() < guardedUntil);
  at("stop").disabled = !alive;
  at("panic").disabled = !alive;
  at("pause").disabled = !alive || facts.paused === "yes";
  at("resume").disabled = !alive || facts.paused !== "yes";
  const locked = facts.mode === "show";
  at("mode").hidden = !facts.mode;
  at("mode").disabled = !alive;
  at("mode").setAttribute("aria-pressed", locked ? "true" : "false");
  put(at("mode"), locked ? "show mode: locked" : "edit mode");
  for (const control of at("load-form").elements) control.disabled = !alive || locked;
}

// After a GO the next one is refused for a moment: shown, so that nobody wonders.
function guard(ms) {
  guardedUntil = performance.now() + ms;
  at("go").style.setProperty("--guard", `${ms}ms`);
  setTimeout(changed, ms + 1);
}

// ---- asking and hearing

function ask(name, ...values) {
  put(at("reply"), link.send(COMMAND + name, ...values) ? "" : `${name}: not connected`);
  changed(); // a control shows what the server says, not what was pressed
}

function pressGo() {
  if (at("go").disabled) {
    const reason = link.alive ? show.facts.waiting_for || "not armed" : "not connected";
    put(at("reply"), `go: ${reason}`);
    return;
  }
  ask("go");
}

function hear(address, value) {
  if (show.take(address, value)) {
    if (address.endsWith("/status/running") && value === "yes") guard(show.facts.go_guard ?? 0);
    changed();
  } else if (address.startsWith(REPLY)) {
    hearReply(address.slice(REPLY.length), String(value));
  }
}

function hearReply(name, answer) {
  if (name.endsWith("auth")) {
    at("key-form").hidden = answer === "ok" || answer.startsWith("ok");
    if (at("key-form").hidden) put(at("reply"), "");
    else {
      sessionStorage.removeItem(KEPT_KEY);
      put(at("reply"), `key: ${answer}`);
    }
  } else if (answer !== "ok") {
    if (answer.startsWith(DENIED) && !answer.includes("muted")) at("key-form").hidden = false;
    if (name !== "ping") put(at("reply"), `${name}: ${answer}`);
  }
}

// A key may come with the page's address, as from a printed code, and is not left standing there.
function keyOfAddress() {
  const key = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!key) return;
  sessionStorage.setItem(KEPT_KEY, key);
  history.replaceState(null, "", location.pathname + location.search);
}

function showKey() {
  const key = sessionStorage.getItem(KEPT_KEY);
  if (key) link.send(AUTH, key);
}

// ---- keys and buttons

// Space is GO wherever the focus is, but once for each press: a held key repeats.
function onKeyDown(event) {
  if (isText(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.repeat && event.key === "Enter") event.preventDefault(); // a held key is one press
  else if (event.key === "Enter" && event.target.type === "checkbox") event.target.click();
  const go = event.key === " " || (event.key === "Enter" && event.target === at("go"));
  if (!go && event.key !== "Escape") return;
  event.preventDefault();
  if (event.repeat || (go && !keyIsUp)) return;
  if (go) {
    keyIsUp = false;
    pressGo();
  } else ask("panic");
}

const isText = (target) =>
  target instanceof HTMLInputElement && ["text", "password"].includes(target.type);

function onKeyUp(event) {
  if (event.key !== " " && event.key !== "Enter") return;
  keyIsUp = true;
  if (event.key === " " && !isText(event.target)) {
    event.preventDefault(); // or the button with the focus is pressed as well
  }
}

document.addEventListener("keydown", onKeyDown);
document.addEventListener("keyup", onKeyUp);
window.addEventListener("blur", () => {
  keyIsUp = true;
});
// On the way down: a click comes only when the finger leaves.
at("go").addEventListener("pointerdown", (event) => {
  if (event.isPrimary && event.button === 0) pressGo();
});
at("go").addEventListener("click", (event) => {
  if (event.detail === 0) pressGo(); // assistive technology presses without a pointer
});
for (const name of ["stop", "panic", "pause", "resume"]) {
  at(name).addEventListener("click", () => ask(name));
}
at("mode").addEventListener("click", () => {
  ask("mode", show.facts.mode === "show" ? "edit" : "show");
});
at("load-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = at("load-name").value.trim();
  if (name) ask("load", name);
});
at("deploy").addEventListener("click", () => {
  if (!at("load-form").reportValidity()) return;
  ask("deploy", at("load-name").value.trim());
});
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT_KEY, at("key").value.trim());
  at("key").value = "";
  showKey();
});
setInterval(() => {
  if (show.anyWaits()) changed();
}, COUNT_MS);

keyOfAddress();
const url = new URL("realtime", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
url.hash = "";
link = new Link(url, {
  onState: (alive) => {
    document.documentElement.dataset.link = alive ? "alive" : "dead";
    put(at("link"), alive ? "Connected" : "No connection. Trying again…");
    changed();
  },
  onOpen: showKey,
  onFresh: () => show.forget(),
  onMessage: hear,
});
