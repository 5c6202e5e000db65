// The rig: nodes with their timecode, what they fetch, and the faders of their mixers.

import { at, element, keep, put } from "./page.js";

const SILENT_DB = -60;
const FADER_STEP = 0.01;
const nodeRows = new Map();
const faderRows = new Map();

export function drawNodes(show, alive, ask) {
  keep(at("nodes"), nodeRows, show.nodes.keys(), (id) => newNode(id, ask));
  for (const [id, node] of show.nodes) drawNode(nodeRows.get(id), node, alive);
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

function drawNode(row, node, alive) {
  const fetching = node.deploy !== null && node.deploy < 100;
  const words = [node.detail, node.outputs, node.chase && `timecode ${node.chase}`, node.chaseDetail];
  if (fetching) words.push(`fetching ${node.deploy} % ${node.deployDetail}`);
  row.item.dataset.state = node.state;
  put(row.name, node.name || node.id);
  put(row.state, node.state);
  put(row.detail, words.filter(Boolean).join(" · "));
  row.fetching.hidden = !fetching;
  row.fetching.value = node.deploy ?? 0;
  row.fetching.setAttribute("aria-label", `${node.name || node.id} fetches the project`);
  row.waive.hidden = !node.waived && node.state !== "lost" && node.state !== "late";
  row.waive.disabled = !alive;
  row.waive.setAttribute("aria-pressed", node.waived ? "true" : "false");
  put(row.waive, node.waived ? "needed again" : "run without");
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
    put(row.name, `${show.nodes.get(node)?.name || node.slice(0, 8)} ${output}/${channel}`);
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
