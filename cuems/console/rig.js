// The rig: nodes with their timecode, what they fetch, and the faders of their mixers.
// core/deploy_desk.py says which states a node's files and a deploy go through.

import { at, element, keep, put } from "./page.js";

const SILENT_DB = -60;
const FADER_STEP = 0.01;
const COMING = ["asked", "preparing", "checking", "waiting", "fetching", "verifying"];
const ENDED_BADLY = ["incomplete", "failed", "cancelled", "unreachable"];
const KIB = 1024;
const nodeRows = new Map();
const faderRows = new Map();

export function drawNodes(show, alive, ask) {
  keep(at("nodes"), nodeRows, show.nodes.keys(), (id) => newNode(id, ask));
  for (const [id, node] of show.nodes) drawNode(nodeRows.get(id), node, show.labelOf(id), alive);
  at("no-nodes").hidden = show.nodes.size > 0;
}

function newNode(id, ask) {
  const parts = {
    name: element("span", "name"),
    state: element("span", "state"),
    detail: element("span", "detail"),
    fetching: element("progress", "fetching"),
    waive: element("button", "waive"),
  };
  parts.fetching.max = 100;
  parts.waive.type = "button";
  parts.waive.addEventListener("click", () => {
    ask("waive", `${id} ${parts.waive.getAttribute("aria-pressed") === "true" ? 0 : 1}`);
  });
  parts.item = element("li", "node", parts.name, parts.state, parts.waive, parts.detail,
    parts.fetching);
  parts.item.dataset.node = id;
  return parts;
}

function drawNode(row, node, label, alive) {
  const fetching = isFetching(node);
  const words = [node.detail];
  if (node.state !== "lost") { // what it said before it was lost is no longer so
    words.push(node.outputs, node.chase && `timecode ${node.chase}`, node.chaseDetail);
    words.push(filesWords(node, fetching));
  }
  row.item.dataset.state = node.state;
  put(row.name, label);
  put(row.state, node.state);
  put(row.detail, words.filter(Boolean).join(" · "));
  row.fetching.hidden = !fetching;
  row.fetching.value = node.deploy ?? 0;
  row.fetching.setAttribute("aria-label", `${label} fetches the project`);
  row.waive.hidden = !node.waived && node.state !== "lost" && node.state !== "late";
  row.waive.disabled = !alive;
  row.waive.setAttribute("aria-pressed", node.waived ? "true" : "false");
  put(row.waive, node.waived ? "needed again" : "run without");
}

// One of before the states tells only how far it is.
function isFetching({ deploy, deployState, state }) {
  if (state === "lost") return false;
  if (deployState) return COMING.includes(deployState);
  return deploy !== null && deploy < 100;
}

function filesWords({ deploy, deployState, deployDetail, deployFile }, fetching) {
  if (ENDED_BADLY.includes(deployState)) return `files ${deployState}: ${deployDetail}`;
  if (!fetching) return "";
  if (deployState && deployState !== "fetching") return `files: ${deployDetail || deployState}`;
  const file = deployFile.slice(deployFile.lastIndexOf("/") + 1);
  return ["fetching", `${deploy} %`, file, deployDetail].filter(Boolean).join(" ");
}

export function drawDeploy(facts) {
  const run = facts.deploy_run ?? "";
  const going = ["preparing", "checking", "working"].includes(run);
  at("deploying").hidden = run === "";
  at("deploying").dataset.state = run;
  at("deploy-all").hidden = !going;
  if (run !== "working" || !facts.deploy_all_total) at("deploy-all").removeAttribute("value");
  else at("deploy-all").value = facts.deploy_all_percent ?? 0;
  put(at("deploy-words"), deployWords(facts, run));
}

function deployWords(facts, run) {
  const outcome = run === "unreachable" ? "a node cannot be reached" : run;
  const words = [`Deploy ${facts.deploy_project ?? ""}: ${outcome}`];
  if (facts.deploy_reason) words.push(facts.deploy_reason);
  if (run === "working" && facts.deploy_all_total) {
    words.push(`${size(facts.deploy_all_done)} of ${size(facts.deploy_all_total)}`);
    if (facts.deploy_all_rate) {
      words.push(`${size(facts.deploy_all_rate)}/s`, `${facts.deploy_all_eta} s left`);
    }
  }
  return words.join(" · ");
}

function size(kib) {
  if (kib < KIB) return `${kib} KiB`;
  const mib = kib / KIB;
  return mib < KIB ? `${mib.toFixed(0)} MiB` : `${(mib / KIB).toFixed(1)} GiB`;
}

// Every fader that was told of, and each node's master, which nobody may have moved yet.
function faders(show) {
  const paths = new Map([...show.nodes.keys()].map((node) => [`${node}/0/master`, null]));
  for (const [path, value] of show.faders) paths.set(path, value);
  return paths;
}

export function drawFaders(show, alive, send) {
  const all = faders(show);
  keep(at("faders"), faderRows, all.keys(), (path) => newFader(path, send));
  for (const [path, value] of all) {
    const row = faderRows.get(path);
    const [node, output, channel] = path.split("/");
    put(row.name, `${show.labelOf(node)} ${output}/${channel}`);
    row.input.setAttribute("aria-label", row.name.textContent);
    row.input.disabled = !alive;
    if (row.held) continue; // the hand knows better than an echo of where it was
    row.input.value = value ?? 1;
    put(row.value, decibels(Number(row.input.value)));
  }
}

function newFader(path, send) {
  const parts = {
    name: element("span", "name"),
    value: element("span", "state"),
    input: element("input", ""),
    held: false,
  };
  Object.assign(parts.input, { type: "range", min: 0, max: 1, step: FADER_STEP });
  parts.input.addEventListener("input", () => {
    parts.held = true;
    put(parts.value, decibels(Number(parts.input.value)));
    const [node, output, channel] = path.split("/");
    send(`/${node}/audio/mixer/${output}/${channel}/volume`, Number(parts.input.value));
  });
  parts.input.addEventListener("change", () => {
    parts.held = false;
  });
  parts.item = element("li", "fader", parts.name, parts.input, parts.value);
  parts.item.dataset.fader = path;
  return parts;
}

function decibels(gain) {
  const level = gain > 0 ? 20 * Math.log10(gain) : -Infinity;
  return level < SILENT_DB ? "off" : `${level.toFixed(1)} dB`;
}
