// OSC 1.0 messages <-> bytes: the types the control surface uses (i f s T F, and h d N I inbound).

const text = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true });

const padded = (length) => (length + 4) & ~3; // a string always ends in at least one NUL

function tagOf(value) {
  if (typeof value === "string") return "s";
  if (typeof value === "boolean") return value ? "T" : "F";
  if (typeof value === "number" && Number.isFinite(value)) {
    return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? "i" : "f";
  }
  throw new TypeError(`OSC cannot carry ${value}`);
}

export function encode(address, ...values) {
  const tags = values.map(tagOf).join("");
  const strings = [address, `,${tags}`].map((item) => text.encode(item));
  const bodies = values.map((value) => (typeof value === "string" ? text.encode(value) : value));
  const head = strings.reduce((sum, bytes) => sum + padded(bytes.length), 0);
  const size = bodies.reduce((sum, body, index) => {
    if (tags[index] === "s") return sum + padded(body.length);
    return sum + ("TF".includes(tags[index]) ? 0 : 4);
  }, head);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put = (part) => {
    bytes.set(part, at);
    at += padded(part.length);
  };
  strings.forEach(put);
  bodies.forEach((body, index) => {
    const tag = tags[index];
    if (tag === "s") put(body);
    else if (tag === "i" || tag === "f") {
      if (tag === "i") view.setInt32(at, body);
      else view.setFloat32(at, body);
      at += 4;
    }
  });
  return bytes;
}

// Throws on anything that is no message: the caller ignores such a frame.
export function decode(buffer) {
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  let at = 0;
  const string = () => {
    const end = bytes.indexOf(0, at);
    if (end < 0) throw new RangeError("a string does not end");
    const value = strict.decode(bytes.subarray(at, end));
    at += padded(end - at);
    return value;
  };
  const number = (read, size) => {
    const value = Number(view[read](at));
    at += size;
    return value;
  };
  const readers = {
    i: () => number("getInt32", 4),
    f: () => number("getFloat32", 4),
    h: () => number("getBigInt64", 8),
    d: () => number("getFloat64", 8),
    s: string,
    T: () => true,
    F: () => false,
    N: () => null,
    I: () => true,
  };
  const address = string();
  const tags = at < bytes.length ? string() : ",";
  const values = [...tags.slice(1)].map((tag) => {
    if (!readers[tag]) throw new TypeError(`type tag ${tag}`);
    return readers[tag]();
  });
  return { address, values };
}
