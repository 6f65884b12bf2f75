// The ledger's one encoding: a strict subset of deterministic CBOR (RFC 8949, section 4.2.1).
// Maps become Map, byte strings Uint8Array, integers BigInt; what is not the one spelling is refused.

export class Malformed extends Error {}

const DEPTH_MAX = 16;
const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function same(a, b) {
  return a.length === b.length && a.every((one, at) => one === b[at]);
}

export function compare(a, b) {
  for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return a[at] - b[at];
  return a.length - b.length;
}

export function hex(bytes) {
  return [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

export function unhex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Malformed("bytes are written as lowercase hex digits");
  return Uint8Array.from(text.match(/../g) ?? [], (one) => parseInt(one, 16));
}

// A head: its major type and count in the fewest bytes.
function head(major, count) {
  const value = BigInt(count);
  if (value < 24n) return Uint8Array.of(major | Number(value));
  const size = [1, 2, 4, 8].find((bytes) => value < 1n << BigInt(8 * bytes));
  if (size === undefined) throw new Malformed("an integer is out of range");
  const data = new Uint8Array(1 + size);
  data[0] = major | 24 + Math.log2(size);
  for (let at = 0; at < size; at++) data[size - at] = Number(value >> BigInt(8 * at) & 255n);
  return data;
}

// The encoding of null, booleans, BigInts, bytes, text, arrays and Maps.
export function encode(value) {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === "boolean") return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === "bigint") {
    if (value < -(1n << 63n)) throw new Malformed("an integer is out of range");
    return value < 0n ? head(0x20, -1n - value) : head(0x00, value);
  }
  if (value instanceof Uint8Array) return concat(head(0x40, value.length), value);
  if (typeof value === "string") {
    const data = new TextEncoder().encode(value);
    return concat(head(0x60, data.length), data);
  }
  if (Array.isArray(value)) return concat(head(0x80, value.length), ...value.map(encode));
  if (value instanceof Map) {
    const pairs = [...value].map(([name, item]) => [encode(name), encode(item)]).sort(([a], [b]) => compare(a, b));
    return concat(head(0xa0, value.size), ...pairs.flat());
  }
  throw new Malformed("nothing that this encodes");
}

export function decode(data) {
  let at = 0;

  function take(count) {
    if (at + count > data.length) throw new Malformed("the encoding ends too early");
    const found = data.subarray(at, at + count);
    at += count;
    return found;
  }

  function counted(low) {
    if (low < 24) return BigInt(low);
    if (low > 27) throw new Malformed("indefinite lengths are not allowed");
    let value = 0n;
    for (const one of take(1 << (low - 24))) value = value << 8n | BigInt(one);
    const least = [24n, 1n << 8n, 1n << 16n, 1n << 32n][low - 24];
    if (value < least) throw new Malformed("a head is not the shortest");
    return value;
  }

  function size(count) {
    if (count > BigInt(data.length)) throw new Malformed("longer than all there is");
    return Number(count);
  }

  function value(depth) {
    const first = take(1)[0], major = first & 0xe0, low = first & 0x1f;
    if (major === 0xe0) {
      if (first === 0xf4) return false;
      if (first === 0xf5) return true;
      if (first === 0xf6) return null;
      throw new Malformed("floats and other simple values are not allowed");
    }
    if (major === 0xc0) throw new Malformed("tags are not allowed");
    const count = counted(low);
    if (major === 0x00) return count;
    if (major === 0x20) {
      if (count >= 1n << 63n) throw new Malformed("an integer is out of range");
      return -1n - count;
    }
    if (major === 0x40) return take(size(count));
    if (major === 0x60) {
      try { return text.decode(take(size(count))); } catch { throw new Malformed("text is not UTF-8"); }
    }
    if (depth >= DEPTH_MAX) throw new Malformed("nested too deeply");
    if (major === 0x80) return Array.from({ length: size(count) }, () => value(depth + 1));
    const found = new Map();
    let before = null;
    for (let left = size(count); left > 0; left--) {
      const start = at, name = value(depth + 1), key = data.subarray(start, at);
      if (typeof name !== "string") throw new Malformed("a map has text keys");
      if (before !== null && compare(before, key) >= 0) throw new Malformed("a map's keys are out of order");
      before = key;
      found.set(name, value(depth + 1));
    }
    return found;
  }

  const whole = value(0);
  if (at !== data.length) throw new Malformed("bytes are left over");
  return whole;
}
