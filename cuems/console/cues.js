// The cue list: what stands by, what plays and how far, what waits and how long, what failed.

import { at, element, keep, put } from "./page.js";
import { cueState, nameOf } from "./show.js";

const STATE_WORDS = { paused: "paused", failed: "failed", played: "played", ready: "", off: "off" };
const rows = new Map(); // cue id -> its row

function newRow(id, ask) {
  const parts = {
    number: element("span", "number"),
    kind: element("span", "kind"),
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
  parts.pick = element("button", "pick", marker, parts.number, parts.kind, parts.name,
    parts.state, parts.reason);
  parts.pick.type = "button";
  parts.pick.addEventListener("click", () => ask("setnextcue", id));
  for (const [name, sign] of [["hold", ""], ["stop", "■"]]) {
    parts[name] = element("button", "one", sign);
    parts[name].type = "button";
  }
  parts.hold.addEventListener("click", () => {
    ask(parts.item.dataset.state === "paused" ? "resumecue" : "pausecue", id);
  });
  parts.stop.addEventListener("click", () => ask("stopcue", id));
  const toggle = element("label", "toggle", parts.enabled, element("span", "", "on"));
  parts.item = element("li", "cue", parts.pick, parts.hold, parts.stop, toggle, parts.progress);
  parts.item.dataset.cue = id;
  return parts;
}

export function drawCues(show, alive, ask) {
  keep(at("cues"), rows, show.cues.keys(), (id) => newRow(id, ask));
  let number = 0;
  for (const [id, cue] of show.cues) drawCue(rows.get(id), cue, (number += 1), show, alive);
  at("no-cues").hidden = number > 0;
}

function drawCue(row, cue, number, show, alive) {
  const state = cueState(cue);
  const standby = cue.id === show.facts.nextcue;
  if (standby && !("standby" in row.item.dataset)) row.item.scrollIntoView({ block: "nearest" });
  row.item.dataset.state = state;
  row.item.toggleAttribute("data-standby", standby);
  row.item.toggleAttribute("data-off", !cue.enabled);
  row.item.style.setProperty("--depth", cue.depth);
  row.pick.setAttribute("aria-current", standby ? "true" : "false");
  row.pick.disabled = !alive;
  row.enabled.disabled = !alive;
  row.enabled.checked = cue.enabled;
  row.enabled.setAttribute("aria-label", `${nameOf(cue)} takes part`);
  put(row.number, String(number));
  put(row.kind, cue.kind);
  put(row.name, nameOf(cue));
  put(row.state, stateWords(cue, state, show.waitOf(cue)));
  put(row.reason, state === "failed" ? cue.reason : "");
  const paused = state === "paused", on = paused || state === "playing";
  put(row.hold, paused ? "▶" : "❚❚");
  row.hold.setAttribute("aria-label", `${paused ? "Resume" : "Pause"} ${nameOf(cue)}`);
  row.stop.setAttribute("aria-label", `Stop ${nameOf(cue)}`);
  for (const button of [row.hold, row.stop]) {
    button.hidden = !on;
    button.disabled = !alive;
  }
  row.progress.hidden = !on;
  row.progress.value = Math.max(0, cue.percent);
}

function stateWords(cue, state, wait_ms) {
  if (wait_ms > 0) return `in ${Math.ceil(wait_ms / 1000)} s`;
  return STATE_WORDS[state] ?? `${cue.percent} %`;
}
