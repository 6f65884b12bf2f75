// Transactions in the browser: asked of the node, compared with what was asked, signed, handed in, followed.
// What is signed is made here from the payload that was decoded here; a node that answers with another
// message, network, key, sequence or expiry is caught before anything is signed (docs/reference/bytes.md).

import { Malformed, concat, decode, encode, hex, same, unhex } from "./cbor.js";
import { sha256, tagged } from "./keys.js";
import { moment } from "./moments.js";

export const EXPIRY_MILLISECONDS = 600_000;
const LANE = 0n, EXACT_MAX = BigInt(Number.MAX_SAFE_INTEGER);
const utf8 = (text) => new TextEncoder().encode(text);

// What a node answered instead; `code` is a stable one, or empty.
export class Problem extends Error {
  constructor(status, report) {
    const remedy = report.remedy ?? (status === 401 ? "open the console anew: consortia console" : "");
    super([report.detail ?? `the node answered ${status}`, remedy].filter(Boolean).join("; "));
    Object.assign(this, { status, code: report.code ?? "" });
  }
}

// Bytes that are not what was asked for; `field` names where.
export class Lie extends Error {
  constructor(field, wanted, found) {
    super(`${field}: you asked for ${printed(wanted)}, the bytes say ${printed(found)}`);
    this.field = field;
  }
}

// What the node says and cannot prove.
export class Unproved extends Error {}

// A value that the form took as JSON, whose types only the node knows: bytes may stand in it as hex.
export class Loose { constructor(value) { this.value = value; } }

// A text with the signs that nobody sees, or that turn what stands around them, written out.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const written = (sign) => `⟨U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
export const visible = (text) => text.replace(UNSEEN, (sign) => sign === "\n" ? "⏎\n" : written(sign));

// Texts that would read as another value, or in a list as several, stand in quotes.
const ODD = /^(none|nothing|yes|no)$/, ODD_IN_LIST = /^$|^(none|nothing|yes|no)$|[,;"]/;
const said = (text, odd) => visible(odd.test(text) ? JSON.stringify(text) : text);
const listed = (one) => typeof one === "string" ? said(one, ODD_IN_LIST) : printed(one);

// A text in a sentence: what somebody wrote freely stands in quotes (`sayings.py` has the same rule).
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/;
export const quoted = (text) => PLAIN.test(text) ? said(text, ODD) : visible(JSON.stringify(text));

export function printed(value) {
  if (value === undefined) return "nothing";
  if (value === null) return "none";
  if (typeof value === "string") return said(value, ODD);
  if (value instanceof Loose) return JSON.stringify(value.value);
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(listed).join(", ") || "none";
  if (value instanceof Map) return [...value].map(([name, item]) => `${name}: ${printed(item)}`).join("; ") || "none";
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}

// Fields that hold a time, by their name: `sdk.values.is_moment`. An amount is never shown as a day.
const TIMES = /(^|_)(time|since|until|ends?|begins|start|deadline|at|expires|joined|left|from|due|made|clears)$/;

export function shown(value, name) {
  const isTime = typeof value === "bigint" && TIMES.test(name) && value > 10n ** 12n && value < 10n ** 13n;
  return isTime ? moment(value) : printed(value);
}

// A form's value as JSON has it: bytes as hex, integers beyond 2^53 as text.
export function json(value) {
  if (value instanceof Loose) return value.value;
  if (value instanceof Uint8Array) return hex(value);
  if (typeof value === "bigint") return value > EXACT_MAX || value < -EXACT_MAX ? String(value) : Number(value);
  if (Array.isArray(value)) return value.map(json);
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, item]) => [name, json(item)]));
  return value;
}

function alike(loose, found) {
  if (found instanceof Uint8Array) return loose === hex(found);
  if (typeof found === "bigint") return ["number", "string"].includes(typeof loose) && String(loose) === String(found);
  if (Array.isArray(found)) {
    return Array.isArray(loose) && loose.length === found.length && found.every((one, at) => alike(loose[at], one));
  }
  if (found instanceof Map) {
    return loose !== null && typeof loose === "object" && !Array.isArray(loose) &&
      Object.keys(loose).length === found.size &&
      [...found].every(([name, one]) => Object.hasOwn(loose, name) && alike(loose[name], one));
  }
  return loose === found;
}

// Whether what a node says in JSON of a record is what the record, which was decoded, holds: all of it.
export const tells = (said, record) => alike(said, new Map(Object.entries(record)));

// Raises Lie where `found`, which was decoded, is not `wanted`.
export function compare(wanted, found, path = "") {
  const lie = () => { throw new Lie(path || "the transaction", wanted, found); };
  if (wanted instanceof Loose) { if (!alike(wanted.value, found)) lie(); return; }
  if (wanted instanceof Uint8Array) { if (!(found instanceof Uint8Array) || !same(wanted, found)) lie(); return; }
  const below = (name) => path ? `${path}.${name}` : String(name);
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length) lie();
    wanted.forEach((one, at) => compare(one, found[at], below(at + 1)));
  } else if (wanted instanceof Map) {
    if (!(found instanceof Map)) lie();
    for (const [name, one] of wanted) compare(one, found.get(name), below(name));
    for (const [name, one] of found) if (!wanted.has(name)) throw new Lie(below(name), undefined, one);
  } else if (wanted !== found) lie();
}

// What bytes of the node's hold; those that hold nothing are no transaction.
function read(parse, data) {
  try { return parse(data); } catch (error) {
    if (error instanceof Malformed) throw new Lie("the transaction", "one", `none (${error.message})`);
    throw error;
  }
}

// The ways to the node whose page this is: `network` is 32 bytes, `member` whose node it is.
export class Node {
  constructor(network, member) { this.network = network; this.member = member; }

  async ask(path, options = {}) {
    const headers = { accept: "application/json", ...options.headers };
    const answer = await fetch(path, { cache: "no-store", ...options, headers })
      .catch(() => { throw new Problem(0, { detail: "The node does not answer." }); });
    if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
    return answer.json();
  }

  // A request signed by a key (docs/reference/http.md): the page's own way in only reads.
  async signed(key, path, body) {
    const data = body === undefined ? new Uint8Array() : utf8(JSON.stringify(body)), time = BigInt(Date.now()), nonce = crypto.getRandomValues(new Uint8Array(16));
    const covered = encode(["consortia/request", this.network, this.member, "POST", path, await sha256(data), time, nonce]);
    const parts = [hex(key.id), this.member, time, hex(nonce), hex(await key.sign(covered))];
    const headers = { authorization: `Consortia ${parts.join(" ")}`, "content-type": "application/json" };
    return this.ask(path, { method: "POST", body: data, headers });
  }

  // The transaction of one message, compared with what was asked, not signed yet: {payload, covered, id, said}.
  async draft(key, method, args) {
    const { next } = await this.ask(`/v1/sequences/${hex(key.id)}/${LANE}`);
    const expires = BigInt(Date.now() + EXPIRY_MILLISECONDS);
    const wanted = new Map([
      ["version", 1n], ["network", this.network], ["key", key.id], ["lane", LANE], ["sequence", BigInt(next)],
      ["expires", expires], ["calls", [new Map([["method", method], ["args", args]])]],
    ]);
    const body = { key: hex(key.id), lane: Number(LANE), sequence: next, expires: Number(expires), calls: [{ method, args: json(args) }] };
    return this.checked(wanted, await this.signed(key, "/v1/build", body));
  }

  async checked(wanted, answer) {
    const payload = read(unhex, String(answer.payload)), said = read(decode, payload);
    compare(wanted, said);
    const kid = wanted.get("key");
    const aad = concat(utf8("consortia/transaction"), this.network);
    const covered = encode(["Signature1", header(kid), aad, payload]);
    const id = await tagged("consortia/transaction", covered);
    compare(covered, read(unhex, String(answer.sign)), "the bytes to sign");
    compare(id, read(unhex, String(answer.transaction)), "the transaction's id");
    return { payload, covered, id, said, kid };
  }

  // Sign a draft and hand it in: its receipt, as soon as there is one. Raises Problem.
  async send(key, draft) {
    const signature = await key.sign(draft.covered);
    const body = encode([header(draft.kid), new Map(), draft.payload, signature]);
    const options = { method: "POST", body, headers: { "content-type": "application/cbor" } };
    let receipt = await this.ask("/v1/transactions?wait=receipt", options);
    const id = hex(draft.id);
    while (receipt.code === undefined) receipt = await this.receipt(id);
    if (receipt.transaction !== id) throw new Lie("the receipt's transaction", id, receipt.transaction);
    return receipt;
  }

  async receipt(id) {
    try { return await this.ask(`/v1/transactions/${id}?wait=20`); } catch (error) {
      if (error.status === 404) return {};
      throw error;
    }
  }

  // Wait until the block at `height` is final.
  async final(height) {
    for (;;) {
      const found = await this.ask(`/v1/final?covering=${height}&wait=5000`);
      if (found.height >= height) return found.height;
    }
  }

  // What a stable code means.
  meaning(code) { return this.ask(`/v1/refusals/${encodeURIComponent(code)}`); }
}

// The protected header of an envelope by a key: algorithm EdDSA and the key's id, keys and numbers as COSE has them.
function header(kid) { return concat(unhex("a20127045820"), kid); }
