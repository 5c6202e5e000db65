// The page: draws the show, and turns keys and buttons into commands.

import { Link } from "./link.js";
import { Show, clock, cueState } from "./show.js";

const COMMAND = "/engine/command/";
const REPLY = "/engine/reply/";
const STATE_WORDS = { failed: "failed", played: "played", ready: "", off: "off" };

const at = (id) => document.getElementById(id);
const show = new Show();
const rows = new Map(); // cue id -> its row in the list
let link = null;
let drawing = false;
let keyIsUp = true;

function draw() {
  drawing = false;
  drawFacts(show.facts);
  drawCues();
  drawNodes();
}

function changed() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

function say(id, words) {
  const element = at(id);
  if (element.textContent !== words) element.textContent = words;
  if (element.hasAttribute("hidden") || id === "waiting" || id === "notice") {
    element.hidden = words === "";
  }
}

function drawFacts(facts) {
  const page = document.documentElement.dataset;
  page.armed = facts.armed ?? "";
  page.running = facts.running ?? "";
  page.paused = facts.paused ?? "";
  at("project").textContent = facts.load || "No project";
  at("timecode").textContent = clock(facts.timecode);
  at("armed").textContent = facts.armed === "yes" ? "armed" : "not armed";
  at("running").textContent = facts.running === "yes" ? "running" : "stopped";
  at("paused").hidden = facts.paused !== "yes";
  say("waiting", facts.armed !== "yes" && facts.waiting_for ? `Waiting: ${facts.waiting_for}` : "");
  say("notice", facts.notice ?? "");
  const next = show.cues.get(facts.nextcue);
  at("next-name").textContent = next ? nameOf(next) : facts.nextcue || "none";
  at("go").disabled = !link?.alive || facts.armed !== "yes";
  at("stop").disabled = !link?.alive;
  at("pause").disabled = !link?.alive || facts.paused === "yes";
  at("resume").disabled = !link?.alive || facts.paused !== "yes";
}

const nameOf = (cue) => cue.name || `cue ${cue.id.slice(0, 8)}`;

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function newRow(id) {
  const parts = {
    number: element("span", "number"),
    name: element("span", "name"),
    state: element("span", "state"),
    reason: element("span", "reason"),
    progress: element("progress", "progress"),
    enabled: element("input", ""),
  };
  parts.progress.max = 100;
  parts.progress.setAttribute("aria-hidden", "true");
  parts.enabled.type = "checkbox";
  parts.enabled.addEventListener("change", () => {
    ask("cue_enabled", `${id} ${parts.enabled.checked ? 1 : 0}`);
  });
  const marker = element("span", "marker", "▶");
  marker.setAttribute("aria-hidden", "true");
  parts.pick = element("button", "pick", marker, parts.number, parts.name, parts.state, parts.reason);
  parts.pick.type = "button";
  parts.pick.addEventListener("click", () => ask("setnextcue", id));
  const toggle = element("label", "toggle", parts.enabled, element("span", "", "on"));
  parts.item = element("li", "cue", parts.pick, toggle, parts.progress);
  parts.item.dataset.cue = id;
  return parts;
}

function drawCues() {
  const list = at("cues");
  for (const [id, row] of rows) {
    if (show.cues.has(id)) continue;
    row.item.remove();
    rows.delete(id);
  }
  let index = 0;
  for (const [id, cue] of show.cues) {
    if (!rows.has(id)) rows.set(id, newRow(id));
    const row = rows.get(id);
    if (list.children[index] !== row.item) list.insertBefore(row.item, list.children[index] ?? null);
    index += 1;
    drawCue(row, cue, index);
  }
  at("no-cues").hidden = index > 0;
}

function drawCue(row, cue, number) {
  const state = cueState(cue);
  const standby = cue.id === show.facts.nextcue;
  if (standby && !("standby" in row.item.dataset)) row.item.scrollIntoView({ block: "nearest" });
  row.item.dataset.state = state;
  row.item.toggleAttribute("data-standby", standby);
  row.item.toggleAttribute("data-off", !cue.enabled);
  row.pick.setAttribute("aria-current", standby ? "true" : "false");
  row.pick.disabled = !link?.alive;
  row.enabled.disabled = !link?.alive;
  row.enabled.checked = cue.enabled;
  row.enabled.setAttribute("aria-label", `${nameOf(cue)} takes part`);
  row.number.textContent = number;
  row.name.textContent = nameOf(cue);
  row.state.textContent = STATE_WORDS[state] ?? `${cue.percent} %`;
  row.reason.textContent = state === "failed" ? cue.reason : "";
  row.progress.hidden = state !== "playing";
  row.progress.value = Math.max(0, cue.percent);
}

function drawNodes() {
  at("nodes").replaceChildren(
    ...[...show.nodes.values()].map((node) => {
      const words = [node.detail, node.outputs, node.chase && `timecode ${node.chase}`];
      if (node.deploy !== null && node.deploy < 100) {
        words.push(`fetching ${node.deploy} % ${node.deployDetail}`);
      }
      const item = element(
        "li",
        "node",
        element("span", "name", node.name || node.id),
        element("span", "state", node.state),
        element("span", "detail", words.filter(Boolean).join(" · ")),
      );
      item.dataset.state = node.state;
      return item;
    }),
  );
}

function ask(name, ...values) {
  at("reply").textContent = link.send(COMMAND + name, ...values) ? "" : `${name}: not connected`;
  changed(); // a control shows what the server says, not what was pressed
}

function pressGo() {
  if (at("go").disabled) {
    const reason = link.alive ? show.facts.waiting_for || "not armed" : "not connected";
    at("reply").textContent = `go: ${reason}`;
    return;
  }
  ask("go");
}

function hear(address, value) {
  if (show.take(address, value)) changed();
  else if (address.startsWith(REPLY) && value !== "ok") {
    at("reply").textContent = `${address.slice(REPLY.length)}: ${value}`;
  }
}

// Space is GO wherever the focus is, but once for each press: a held key repeats.
function onKeyDown(event) {
  if (event.target instanceof HTMLInputElement && event.target.type !== "checkbox") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const go = event.key === " " || (event.key === "Enter" && event.target === at("go"));
  if (!go && event.key !== "Escape") return;
  event.preventDefault();
  if (event.repeat || (go && !keyIsUp)) return;
  if (go) {
    keyIsUp = false;
    pressGo();
  } else ask("stop");
}

function onKeyUp(event) {
  if (event.key !== " " && event.key !== "Enter") return;
  keyIsUp = true;
  if (event.key === " " && !(event.target instanceof HTMLInputElement && event.target.type === "text")) {
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
for (const name of ["stop", "pause", "resume"]) {
  at(name).addEventListener("click", () => ask(name));
}
at("load-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = at("load-name").value.trim();
  if (name) ask("load", name);
});

const url = new URL("realtime", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
link = new Link(url, {
  onState: (alive) => {
    document.documentElement.dataset.link = alive ? "alive" : "dead";
    at("link").textContent = alive ? "Connected" : "No connection. Trying again…";
    changed();
  },
  onFresh: () => show.forget(),
  onMessage: hear,
});
