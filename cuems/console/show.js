// What the server has told of the show, newest value of each fact.

const STATUS = "/engine/status/";

const newCue = (id) => ({ id, name: "", percent: 0, reason: "", enabled: true });
const newNode = (id) => ({ id, name: "", state: "", detail: "", outputs: "", chase: "", deploy: null, deployDetail: "" });

function of(map, id, make) {
  if (!map.has(id)) map.set(id, make(id));
  return map.get(id);
}

export class Show {
  constructor() {
    this.forget();
  }

  forget() {
    this.facts = {}; // running, armed, load, nextcue, timecode, paused, waiting_for, notice
    this.cues = new Map(); // in running order
    this.nodes = new Map();
    this.told = new Set(); // cues spoken of since the show was last disarmed
  }

  // True when the message was a status.
  take(address, value) {
    if (!address.startsWith(STATUS)) return false;
    const [kind, ...rest] = address.slice(STATUS.length).split("/");
    if (rest.length === 1) this.takeAbout(kind, rest[0], value);
    else if (rest.length === 0) this.takeFact(kind, value);
    return true;
  }

  takeFact(kind, value) {
    this.facts[kind] = value;
    if (kind === "armed" && value === "no") this.told.clear();
    // Cues are told before the project's name: what was not told again belonged to the last one.
    if (kind === "load") this.cues = new Map([...this.told].map((id) => [id, this.cues.get(id)]));
  }

  takeAbout(kind, id, value) {
    if (kind.startsWith("cue")) {
      const cue = of(this.cues, id, newCue);
      this.told.add(id);
      if (kind === "cue") cue.percent = Number(value);
      else if (kind === "cue_name") cue.name = String(value);
      else if (kind === "cue_reason") cue.reason = String(value);
      else if (kind === "cue_enabled") cue.enabled = Number(value) === 1;
      return;
    }
    const node = of(this.nodes, id, newNode);
    if (kind === "node_name") node.name = String(value);
    else if (kind === "node") node.state = String(value);
    else if (kind === "node_detail") node.detail = String(value);
    else if (kind === "node_outputs") node.outputs = String(value);
    else if (kind === "chase") node.chase = String(value);
    else if (kind === "deploy") node.deploy = Number(value);
    else if (kind === "deploy_detail") node.deployDetail = String(value);
  }
}

export function cueState({ percent, enabled }) {
  if (percent < 0) return "failed";
  if (percent === 100) return "played";
  if (percent > 0) return "playing";
  return enabled ? "ready" : "off";
}

export function clock(ms) {
  if (!Number.isFinite(ms)) return "--:--:--";
  const s = Math.floor(ms / 1000);
  return [s / 3600, (s / 60) % 60, s % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
}
