// Verification of a proof file in a browser: the steps, numbers and refusals of `consortia verify`.
// It knows the network's hash and the file, and nothing else. SHA-256 is WebCrypto's; signatures are checked
// under ZIP-215, as the ledger does, by noble-ed25519, since browsers' own Ed25519 differs on some points.

import { verifyAsync } from "./noble-ed25519.js";
import { Malformed, compare, concat, decode, encode, hex, same, unhex } from "./cbor.js";

const FIRST_LINE = "c2sp.org/tlog-proof@v1";
const PROOF_BYTES_MAX = 4 << 20, SIZE_MAX = (1n << 63n) - 1n, LEAF_ENTRIES_MAX = 16;
const LOG = 1, COSIGNATURE = 4;
const ascii = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const bytes = (text) => new TextEncoder().encode(text);

export const TITLES = [
  "the file is a proof in its one spelling",
  "the genesis is the network's",
  "each change of the member set was made final by the set before it",
  "the ledger checkpoint is final",
  "the block's header stands in the log",
  "the claim holds",
  "what is opened leads to the commitment",
  "the log continues what you trust",
];

// Who notices that a step fails, besides whoever checks the file.
export const CAUGHT = {
  1: "anyone who opens the file: it has one spelling",
  2: "anyone who knows the network's hash",
  3: "the members of the set before the change, whose signatures are missing",
  4: "every member: the cosignatures are not of this checkpoint",
  5: "every witness: the header is not in the log that they cosigned",
  6: "every node: the claim is not under the root that they computed",
  7: "whoever holds the salt, or counts again: what is opened is not what was committed to",
  8: "whoever kept the earlier checkpoint",
};

export function must(holds, text) { if (!holds) throw new Malformed(text); }

async function sha256(data) { return new Uint8Array(await crypto.subtle.digest("SHA-256", data)); }

export function tagged(tag, ...parts) { return sha256(concat(Uint8Array.of(tag.length), bytes(tag), ...parts)); }

const leafHash = (data) => sha256(concat(Uint8Array.of(0), data));
const nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));

export function eight(count) {
  const found = new Uint8Array(8);
  new DataView(found.buffer).setBigUint64(0, count);
  return found;
}

function base64(line) {
  let found;
  try { found = Uint8Array.from(atob(line), (one) => one.charCodeAt(0)); } catch { throw new Malformed("not base64"); }
  must(spelled(found) === line, "not the one base64 spelling");
  return found;
}

function spelled(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return btoa(text);
}

// A record: a Map with just these fields, each of its kind.
export function record(value, kinds, what) {
  must(value instanceof Map && value.size === Object.keys(kinds).length, `not ${what}`);
  const found = {};
  for (const [name, kind] of Object.entries(kinds)) {
    must(value.has(name) && kind(value.get(name)), `not ${what}: ${name}`);
    found[name] = value.get(name);
  }
  return found;
}

export const raw = (most) => (value) => value instanceof Uint8Array && value.length <= most;
export const digest = (value) => value instanceof Uint8Array && value.length === 32;
const count = (value) => typeof value === "bigint" && value >= 0n && value <= SIZE_MAX;
export const name = (value) => typeof value === "string" && /^[a-z0-9][a-z0-9-]{0,31}$/.test(value);
export const list = (kind, most) => (value) => Array.isArray(value) && value.length <= most && value.every(kind);
const pair = (one, two) => (value) => Array.isArray(value) && value.length === 2 && one(value[0]) && two(value[1]);
const maybe = (kind) => (value) => value === null || kind(value);
const any = () => true;
const path = list(digest, 64), leaf = raw(1 << 20);

const setPath = (value) => record(value, {
  siblings: list(pair(count, digest), 256), entries: list(pair(digest, digest), LEAF_ENTRIES_MAX) }, "a path");
const memberSet = (value) => record(value, { members: list(any, 128) }, "a member set").members.map((one) =>
  record(one, { name, witness: digest, recovery: digest }, "a member"));

function parseNote(data) {
  must(data.length <= 1 << 16, "a checkpoint is too large");
  let text;
  try { text = ascii.decode(data); } catch { throw new Malformed("a checkpoint is UTF-8 text"); }
  const split = text.indexOf("\n\n");
  must(split >= 0, "a checkpoint has an empty line before its signatures");
  const lines = text.slice(0, split).split("\n"), tail = text.slice(split + 2);
  must(lines.length === 3 && lines[0] && /^(0|[1-9][0-9]{0,18})$/.test(lines[1]),
    "a checkpoint has an origin, a size and a root line");
  const root = base64(lines[2]);
  must(root.length === 32 && (tail === "" || tail.endsWith("\n")), "a checkpoint's root or end is wrong");
  const signatures = tail.split("\n").slice(0, -1).map((line) => {
    const match = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    must(match, "a signature line is an em dash, a name and base64");
    const found = base64(match[2]);
    must(found.length >= 68, "a signature line is too short");
    return { key: found.subarray(0, 4), name: match[1], signature: found.subarray(4) };
  });
  for (let at = 1; at < signatures.length; at++) {
    const [a, b] = [signatures[at - 1], signatures[at]];
    const order = compare(a.key, b.key) || compare(bytes(a.name), bytes(b.name));
    must(order < 0, "the checkpoint's signature lines are not in their one order");
  }
  const body = bytes(text.slice(0, split + 1));
  return { origin: lines[0], size: BigInt(lines[1]), root, body, signatures };
}

export function parse(data) {
  must(data.length <= PROOF_BYTES_MAX, "a proof has at most 4 MiB");
  let split = -1;
  for (let at = 0; at + 1 < data.length && split < 0; at++) if (data[at] === 10 && data[at + 1] === 10) split = at;
  must(split >= 0, "not a tlog-proof");
  must(data.subarray(0, split).every((one) => one < 128), "a proof starts with lines of ASCII");
  const lines = ascii.decode(data.subarray(0, split)).split("\n");
  must(lines.length >= 3 && lines[0] === FIRST_LINE, "not a tlog-proof");
  must(lines[1].startsWith("extra ") && lines[2].startsWith("index "), "a proof has an extra line, then an index line");
  const index = lines[2].slice(6);
  must(/^(0|[1-9][0-9]{0,18})$/.test(index), "the index is a decimal number in its one spelling");
  const extra = record(decode(base64(lines[1].slice(6))), {
    genesis: leaf, changes: list(any, 256), header: leaf, receipt: any, state: any, record: any, subject: any,
    evidence: maybe(raw(5 << 19)), since: any }, "a proof's extra data");
  extra.changes = extra.changes.map((one) => record(one,
    { members: any, header: leaf, index: count, path, note: raw(1 << 16) }, "a change of the member set"));
  extra.changes.forEach((one) => { one.set = memberSet(one.members); });
  const part = (key, kinds) => { if (extra[key] !== null) extra[key] = record(extra[key], kinds, `a ${key}`); };
  part("receipt", { receipt: leaf, index: count, path });
  part("state", { key: raw(1024), value: maybe(leaf), path: any });
  part("record", { record: leaf, salt: digest, index: count, count, path });
  part("subject", { subject: leaf, salt: digest, rows: maybe(leaf), rows_salt: maybe(digest), path: any });
  part("since", { size: count, root: digest, path });
  if (extra.state) extra.state.path = setPath(extra.state.path);
  if (extra.subject) extra.subject.path = setPath(extra.subject.path);
  must((extra.receipt === null) !== (extra.state === null), "a proof has one claim: a receipt or a state entry");
  const own = lines.slice(3).map(base64);
  must(own.every((one) => one.length === 32), "a path has digests of 32 bytes");
  return { extra, index: BigInt(index), path: own, note: parseNote(data.subarray(split + 2)) };
}

// RFC 9162, section 2.1.3.2.
async function rootFromPath(start, index, size, siblings) {
  must(index >= 0n && index < size && size <= SIZE_MAX, `leaf ${index} is not in a log of ${size} leaves`);
  let found = start, place = index, last = size - 1n;
  for (const sibling of siblings) {
    must(last !== 0n, "the path is too long");
    if (place & 1n || place === last) {
      found = await nodeHash(sibling, found);
      while (!(place & 1n) && place) { place >>= 1n; last >>= 1n; }
    } else found = await nodeHash(found, sibling);
    place >>= 1n; last >>= 1n;
  }
  must(last === 0n, "the path is too short");
  return found;
}

// RFC 9162, section 2.1.4.2.
async function checkConsistency(old, size, root, siblings) {
  must(old.size <= size, "the log is shorter than the one that is trusted");
  if (old.size === 0n || old.size === size) {
    must(siblings.length === 0, "the path is too long");
    must(same(old.root, old.size ? root : await sha256(new Uint8Array())), "the two roots differ");
    return;
  }
  let place = old.size - 1n, last = size - 1n, at = 0;
  while (place & 1n) { place >>= 1n; last >>= 1n; }
  let seed = old.root;
  if (place) { must(siblings.length > 0, "the path is too short"); seed = siblings[at++]; }
  let before = seed, after = seed;
  for (; at < siblings.length; at++) {
    must(last !== 0n, "the path is too long");
    if (place & 1n || place === last) {
      before = await nodeHash(siblings[at], before);
      after = await nodeHash(siblings[at], after);
      while (!(place & 1n) && place) { place >>= 1n; last >>= 1n; }
    } else after = await nodeHash(after, siblings[at]);
    place >>= 1n; last >>= 1n;
  }
  must(last === 0n, "the path is too short");
  must(same(before, old.root), "the path does not lead to the old root");
  must(same(after, root), "the path does not lead to the new root");
}

export const bit = (key, depth) => key[depth >> 3] >> (7 - (depth & 7)) & 1;

// `base.setcommit.root_from_path`, steps 2 to 5; step 1 is the record's shape.
async function setRoot(key, { siblings, entries }) {
  for (let at = 0; at < entries.length; at++) {
    must(at === 0 || compare(entries[at - 1][0], entries[at][0]) < 0, "the leaf set is unsorted or repeats a key hash");
    for (let depth = 0; depth < siblings.length; depth++) {
      must(bit(entries[at][0], depth) === bit(key, depth), "the leaf set has an entry that belongs elsewhere");
    }
  }
  let total = BigInt(entries.length);
  must(!siblings.length || total + siblings.at(-1)[0] > BigInt(LEAF_ENTRIES_MAX), "the path goes deeper than the law splits");
  let found = await tagged("consortia/set/leaf", ...entries.flat());
  for (let level = siblings.length - 1; level >= 0; level--) {
    const [others, other] = siblings[level];
    total += others;
    must(total <= SIZE_MAX, "a count is out of range");
    const halves = bit(key, level) ? [other, found] : [found, other];
    found = await tagged("consortia/set/node", eight(total), ...halves);
  }
  return found;
}

async function checkInSet(root, key, value, where) {
  must(same(await setRoot(key, where), root), "the path does not lead to the root");
  const held = where.entries.find(([one]) => same(one, key));
  if (value === null) must(!held, "the key hash is in the set");
  else must(held && same(held[1], value), "the entry is not in the leaf set where it belongs");
}

async function keyId(label, kind, key) {
  return (await sha256(concat(bytes(`${label}\n`), Uint8Array.of(kind), key))).subarray(0, 4);
}

async function isSigned(key, message, signature) {
  try { return await verifyAsync(signature, message, key, { zip215: true }); } catch { return false; }
}

// `kernel.checkpoint.check_final`: the members who cosigned.
async function checkFinal(note, network, members) {
  must(note.origin === `consortia/${network}`, `the checkpoint is of ${note.origin}, not of this network`);
  const names = [];
  let logs = 0;
  for (const one of note.signatures) {
    if (one.name === note.origin) {
      logs++;
      let held = false;
      for (const member of members) {
        for (const key of [member.witness, member.recovery]) {
          held ||= same(one.key, await keyId(one.name, LOG, key)) && await isSigned(key, note.body, one.signature);
        }
      }
      must(held, "the log signature is not valid for the node key of any member of the set");
      continue;
    }
    const member = members.find((each) => `${each.name}.consortia/${network.slice(0, 16)}` === one.name);
    must(member, `${one.name} cosigned, but is not in the member set at this size`);
    must(one.signature.length === 72, `the cosignature of ${member.name} is not valid`);
    const seconds = new DataView(one.signature.buffer, one.signature.byteOffset).getBigUint64(0);
    const message = concat(bytes(`cosignature/v1\ntime ${seconds}\n`), note.body);
    let held = false;
    for (const key of [member.witness, member.recovery]) {
      held ||= same(one.key, await keyId(one.name, COSIGNATURE, key)) &&
        await isSigned(key, message, one.signature.subarray(8));
    }
    must(held, `the cosignature of ${member.name} is not valid`);
    must(!names.includes(member.name), `${member.name} cosigned twice`);
    names.push(member.name);
  }
  must(logs === 1, `the checkpoint carries ${logs} log signatures, not one`);
  const needed = Math.floor(2 * members.length / 3) + 1;
  must(names.length >= needed, `${names.length} of ${members.length} members cosigned, ${needed} are needed`);
  return names.sort();
}

function parseLeaf(data, kind, kinds) {
  const value = decode(data);
  must(Array.isArray(value) && value.length === 2 && value[0] === kind, `the leaf is not a ${kind}`);
  return record(value[1], kinds, `a ${kind}`);
}

const parseHeader = (data) => parseLeaf(data, "header",
  { height: count, time: count, state: digest, members: digest, first: count });
const parseReceipt = (data) => parseLeaf(data, "receipt",
  { height: count, index: count, transaction: digest, code: (one) => typeof one === "string", cost: count, events: Array.isArray });

// The founding members with their node and recovery keys, as the genesis names them.
function founders(genesis) {
  const state = genesis.get("state");
  const identity = state instanceof Map ? state.get("identity") : null;
  must(identity instanceof Map && Array.isArray(identity.get("members")), "the genesis names no founders");
  const found = identity.get("members").map((one) => {
    const keys = one instanceof Map ? one.get("keys") : null;
    must(Array.isArray(keys) && name(one.get("name")), "a founder has a name and keys");
    const held = (role) => keys.find((key) => key instanceof Map && (key.get("roles") ?? []).includes(role))?.get("public");
    must(digest(held("node")) && digest(held("recovery")), "a founder has a node key and a recovery key");
    return { name: one.get("name"), witness: held("node"), recovery: held("recovery") };
  });
  return found.sort((a, b) => compare(bytes(a.name), bytes(b.name)));
}

class Check {
  constructor(data, network, working) {
    this.data = data;
    this.network = network;
    this.working = working;
    this.unchecked = [];
  }

  async include(data, index, siblings) {
    const { size, root } = this.proof.note;
    must(same(await rootFromPath(await leafHash(data), index, size, siblings), root),
      `leaf ${index} does not lead to the checkpoint's root`);
  }

  async step1() {
    this.proof = parse(this.data);
    return `the file is a proof of ${this.data.length} bytes in its one spelling`;
  }

  async step2() {
    const found = hex(await tagged("consortia/genesis", this.proof.extra.genesis));
    must(found === this.network, `the proof is of network ${found}, not ${this.network}`);
    this.members = founders(decode(this.proof.extra.genesis));
    this.unchecked.push("whether the genesis, which is the network's by its hash, obeys every rule of the law");
    return `the genesis hashes to the network's id; founded by ${this.members.map((one) => one.name).join(", ")}`;
  }

  async step3() {
    for (const change of this.proof.extra.changes) {
      const note = parseNote(change.note);
      await checkFinal(note, this.network, this.members);
      const root = await rootFromPath(await leafHash(change.header), change.index, note.size, change.path);
      must(same(root, note.root), `the header at leaf ${change.index} does not lead to the root of its checkpoint`);
      const header = parseHeader(change.header);
      must(same(header.members, await tagged("consortia/members", encode(change.members))),
        `leaf ${change.index} is not a header that names this member set`);
      this.members = change.set;
    }
    const names = this.members.map((one) => one.name).join(", ");
    return `${this.proof.extra.changes.length} changes of the member set, each final under the set before; now ${names}`;
  }

  async step4() {
    const names = await checkFinal(this.proof.note, this.network, this.members);
    return `the ledger checkpoint of ${this.proof.note.size} leaves is cosigned by ` +
      `${names.length} of ${this.members.length} members: ${names.join(", ")}`;
  }

  async step5() {
    const { extra, index, path: own } = this.proof;
    await this.include(extra.header, index, own);
    this.header = parseHeader(extra.header);
    return `the header of block ${this.header.height} is leaf ${index} of that log`;
  }

  async step6() {
    const { receipt: claimed, state } = this.proof.extra;
    if (claimed !== null) {
      await this.include(claimed.receipt, claimed.index, claimed.path);
      this.receipt = parseReceipt(claimed.receipt);
      const place = this.header.first + this.receipt.index;
      must(this.receipt.height === this.header.height && place === claimed.index && place < this.proof.index,
        "the receipt does not belong to the block of the header");
      return `the receipt of transaction ${hex(this.receipt.transaction).slice(0, 16)} stands in that block: ${this.receipt.code}`;
    }
    const key = await tagged("consortia/state/key", state.key);
    const value = state.value === null ? null : await tagged("consortia/state/value", state.value);
    await checkInSet(this.header.state, key, value, state.path);
    return `the state entry ${hex(state.key)} is ${value === null ? "absent" : "present"} under the header's state root`;
  }

  committed() {
    const state = this.proof.extra.state;
    must(state && state.value !== null, "only an entry that is present can be opened");
    const found = decode(state.value);
    must(found instanceof Map, "the entry commits to nothing");
    return found;
  }

  async step7() {
    const { record: opened, subject, evidence } = this.proof.extra;
    must([opened, subject, evidence].filter((one) => one !== null).length <= 1,
      "a proof opens a record or a subject, or carries evidence, not two of them");
    if (evidence !== null) return this.computed(evidence);
    if (opened !== null) {
      const start = await tagged("consortia/record", opened.salt, opened.record);
      const root = await rootFromPath(start, opened.index, opened.count, opened.path);
      const entry = this.committed();
      must(digest(entry.get("root")) && same(entry.get("root"), root) && entry.get("count") === opened.count,
        "the record does not lead to the batch's commitment");
      return `the record is number ${opened.index + 1n} of the ${opened.count} that the batch commits to`;
    }
    if (subject === null) return "no record is opened";
    const root = this.committed().get("commitment");
    must(digest(root), "the entry is not a data set's");
    must((subject.rows === null) === (subject.rows_salt === null), "rows come with their salt");
    const key = await tagged("consortia/subject", subject.salt, subject.subject);
    const value = subject.rows === null ? null : await tagged("consortia/rows", subject.rows_salt, subject.rows);
    await checkInSet(root, key, value, subject.path);
    return value === null ? "the subject, under its salt, has no rows in this version"
      : "the rows of the subject are in this version";
  }

  // The one kind of evidence that there is: an election with its ballots, counted again by tally.js.
  async computed(evidence) {
    const state = this.proof.extra.state, table = bytes("ballots/progress/"), found = decode(evidence);
    const election = found instanceof Map && found.get("election") instanceof Map && found.get("election").get("id");
    must(state && digest(election) && same(state.key, concat(table, Uint8Array.of(32), election)),
      "the election is not the one that the entry is of");
    const { recount } = await import("./tally.js");
    return recount(unhex(this.network), this.committed(), found, this.working);
  }

  async step8() {
    const since = this.proof.extra.since;
    if (since === null) return "no earlier checkpoint was asked for";
    await checkConsistency(since, this.proof.note.size, this.proof.note.root, since.path);
    return `the log continues the checkpoint of ${since.size} leaves that the proof names`;
  }
}

// All steps up to the first that fails: {steps: [{number, text, ok}], ok, failed, proof, unchecked}.
// `told(step)` hears of each as it is done, `working(said)` of what takes long.
export async function verify(data, network, told = () => {}, working = () => {}) {
  const check = new Check(data, network, working), steps = [];
  for (let number = 1; number <= TITLES.length; number++) {
    let step;
    try {
      step = { number, text: await check[`step${number}`](), ok: true };
    } catch (error) {
      step = { number, text: `${TITLES[number - 1]}: ${error.message}`, ok: false };
    }
    steps.push(step);
    told(step);
    if (!step.ok) return { steps, ok: false, failed: number, proof: null, unchecked: check.unchecked };
  }
  return { steps, ok: true, failed: null, proof: check.proof, header: check.header, receipt: check.receipt,
    unchecked: check.unchecked };
}

// A copy with one bit flipped of a byte that the eye would pass over: of a root, a path, a signature or the claim.
export function flipped(original) {
  const data = original.slice();
  let place = 0;
  do {
    place = Math.floor(crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32 * data.length);
  } while (data[place] === 10);
  data[place] ^= 1;
  return data;
}
