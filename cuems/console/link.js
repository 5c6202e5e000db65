// The connection: asks every PING_MS whether somebody is there, calls the link dead after DEAD_MS
// without a word, gives a silent socket up after ABANDON_MS, and connects again by itself.

import { decode, encode } from "./osc.js";

const PING_MS = 500;
const DEAD_MS = 1500; // shown dead within 2 s, one check later
const ABANDON_MS = 4000; // bad Wi-Fi pauses for longer than it takes to look dead
const CHECK_MS = 250;
const RETRY_MS = [250, 500, 1000, 2000];

export class Link {
  // `onState(alive)` on every change, `onOpen()` first of all on a connection, `onFresh()` before
  // its first message, `onMessage(address, value)` for each message.
  constructor(url, { onState, onOpen, onFresh, onMessage }) {
    this.url = url;
    this.on = { onState, onOpen, onFresh, onMessage };
    this.socket = null;
    this.alive = false;
    this.heardAt = -Infinity;
    this.retries = 0;
    this.retryAt = 0;
    setInterval(() => this.check(), CHECK_MS);
    setInterval(() => this.send("/engine/command/ping"), PING_MS);
    this.open();
  }

  send(address, ...values) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(encode(address, ...values));
    return true;
  }

  open() {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.openedAt = performance.now();
    let fresh = true;
    socket.addEventListener("open", () => {
      if (socket === this.socket) this.on.onOpen();
      this.send("/engine/command/ping");
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.socket || typeof data === "string") return;
      let message;
      try {
        message = decode(data);
      } catch {
        return; // a type or bundle this page does not know
      }
      this.heardAt = performance.now();
      this.retries = 0;
      if (fresh) this.on.onFresh();
      fresh = false;
      this.become(true);
      this.on.onMessage(message.address, message.values[0]);
    });
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.abandon();
    });
  }

  // A socket to a vanished server takes minutes to close: leave it and start anew.
  abandon() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.retryAt = performance.now() + RETRY_MS[Math.min(this.retries, RETRY_MS.length - 1)];
    this.retries += 1;
    this.become(false);
  }

  check() {
    const now = performance.now();
    if (now - this.heardAt > DEAD_MS) this.become(false);
    if (this.socket && now - Math.max(this.heardAt, this.openedAt) > ABANDON_MS) this.abandon();
    if (!this.socket && now >= this.retryAt) this.open();
  }

  become(alive) {
    if (alive === this.alive) return;
    this.alive = alive;
    this.on.onState(alive);
  }
}
