// What the server has told of the show, newest value of each fact.

const STATUS = "/engine/status/";
const MIXER = /^audio\/mixer\/(.+)\/volume$/;
const TICK_MS = 1000; // the timecode is told once a second, and guessed no further than to the next
const LABEL_ID = 8;
const DAY_MS = 86_400_000;
const CHASES = ["internal", "locked", "locking", "freewheeling", "stopped", "lost"]; // ever worse

const newCue = (id) => ({
  id, name: "", kind: "", depth: 0, percent: 0, start: null, reason: "", enabled: true, paused: false,
});
const newNode = (id) => ({
  id, name: "", state: "", detail: "", outputs: "", chase: "", chaseDetail: "", deploy: null,
  deployDetail: "", deployState: "", deployFile: "", waived: false,
});

const CUE_FACTS = {
  cue: (cue, value) => { cue.percent = Number(value); },
  cue_name: (cue, value) => { cue.name = String(value); },
  cue_kind: (cue, value) => { cue.kind = String(value); },
  cue_depth: (cue, value) => { cue.depth = Number(value); },
  cue_start: (cue, value) => { cue.start = Number(value); },
  cue_reason: (cue, value) => { cue.reason = String(value); },
  cue_enabled: (cue, value) => { cue.enabled = Number(value) === 1; },
  cue_paused: (cue, value) => { cue.paused = Number(value) === 1; },
};
const NODE_FACTS = {
  node: (node, value) => { node.state = String(value); },
  node_name: (node, value) => { node.name = String(value); },
  node_detail: (node, value) => { node.detail = String(value); },
  node_outputs: (node, value) => { node.outputs = String(value); },
  chase: (node, value) => { node.chase = String(value); },
  chase_detail: (node, value) => { node.chaseDetail = String(value); },
  deploy: (node, value) => { node.deploy = Number(value); },
  deploy_detail: (node, value) => { node.deployDetail = String(value); },
  deploy_state: (node, value) => { node.deployState = String(value); },
  deploy_file: (node, value) => { node.deployFile = String(value); },
  node_waived: (node, value) => { node.waived = Number(value) === 1; },
};

function of(map, id, make) {
  if (!map.has(id)) map.set(id, make(id));
  return map.get(id);
}

export class Show {
  constructor() {
    this.forget();
  }

  forget() {
    this.facts = {}; // running, armed, load, nextcue, timecode, paused, waiting_for, notice, mode, …
    this.cues = new Map(); // in running order
    this.nodes = new Map();
    this.faders = new Map(); // node/output/channel -> gain
    this.told = new Set(); // cues spoken of since the show was last disarmed
    this.ticked = -Infinity; // when the timecode was told
  }

  // True when the message was a status.
  take(address, value) {
    if (!address.startsWith(STATUS)) return false;
    const name = address.slice(STATUS.length);
    const fader = MIXER.exec(name);
    const [kind, ...rest] = name.split("/");
    if (fader) this.faders.set(fader[1], Number(value));
    else if (rest.length === 1) this.takeAbout(kind, rest[0], value);
    else if (rest.length === 0) this.takeFact(kind, value);
    return true;
  }

  takeFact(kind, value) {
    this.facts[kind] = value;
    if (kind === "timecode") this.ticked = performance.now();
    if (kind === "armed" && value === "no") this.told.clear();
    // Cues are told before the project's name: what was not told again belonged to the last one.
    if (kind === "load") this.cues = new Map([...this.told].map((id) => [id, this.cues.get(id)]));
  }

  takeAbout(kind, id, value) {
    if (kind in CUE_FACTS) {
      this.told.add(id);
      CUE_FACTS[kind](of(this.cues, id, newCue), value);
    } else if (kind in NODE_FACTS) NODE_FACTS[kind](of(this.nodes, id, newNode), value);
  }

  // Where the line is by now, ms.
  position() {
    if (!Number.isFinite(this.facts.timecode)) return NaN;
    const since = this.facts.paused === "yes" ? 0 : performance.now() - this.ticked;
    return this.facts.timecode + Math.min(since, TICK_MS);
  }

  // How long a cue that had its turn still waits, ms; 0 where it does not.
  waitOf(cue) {
    const had = cue.percent > 0 && cue.percent < 100 && cue.start !== null;
    const left = had ? cue.start - this.position() : 0;
    return left > 0 && left < DAY_MS / 2 ? left : 0;
  }

  anyWaits() {
    return [...this.cues.values()].some((cue) => this.waitOf(cue) > 0);
  }

  // What a person knows a node by; the beginning of its id where that is not one alone.
  labelOf(id) {
    const name = this.nodes.get(id)?.name;
    if (!name) return id.slice(0, LABEL_ID);
    const alone = [...this.nodes.values()].filter((node) => node.name === name).length === 1;
    return alone ? name : `${name} ${id.slice(0, LABEL_ID)}`;
  }

  // How timecode is followed where it is followed worst.
  chase() {
    const heard = [...this.nodes.values()].filter((node) => node.state !== "lost");
    const states = heard.map((node) => CHASES.indexOf(node.chase));
    return CHASES[Math.max(-1, ...states)] ?? "";
  }
}

export const nameOf = (cue) => cue.name || `cue ${cue.id.slice(0, 8)}`;

export function cueState({ percent, enabled, paused }) {
  if (percent < 0) return "failed";
  if (percent === 100) return "played";
  if (percent > 0) return paused ? "paused" : "playing";
  return enabled ? "ready" : "off";
}

export function clock(ms) {
  if (!Number.isFinite(ms)) return "--:--:--";
  const s = Math.floor(ms / 1000);
  return [s / 3600, (s / 60) % 60, s % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
}
