// A secret ballot's count, made again in a browser from the file that carries it (docs/reference/ballots.md).
// The arithmetic is that of noble-ed25519's points, kept to those of prime order in their one spelling.

import { CURVE, Point } from "./noble-ed25519.js";
import { Malformed, compare, concat, encode, hex, same } from "./cbor.js";
import { bit, digest, eight, list, must, name, raw, record, tagged } from "./proof.js";

export const ORDER = CURVE.n;
const G = Point.BASE, ZERO = Point.ZERO;
const BALLOTS_MIN = 5, LEAF_ENTRIES_MAX = 16;
const text = (value) => new TextEncoder().encode(value);

// What a checked ballot, key or part is refused for: one word of docs/reference/ballots.md.
export class Unsound extends Malformed {
  constructor(reason, said) { super(said); this.reason = reason; }
}
function sound(holds, reason, said) { if (!holds) throw new Unsound(reason, said); }

export const modulo = (value) => { const found = value % ORDER; return found < 0n ? found + ORDER : found; };
export const little = (data) => BigInt(`0x${hex(data.slice().reverse())}`);

export function readScalar(data) {
  const value = little(data);
  sound(data.length === 32 && value < ORDER, "bad_scalar", "a scalar is a number below the group's order in 32 bytes");
  sound(value !== 0n, "zero_scalar", "a scalar is zero");
  return value;
}

const known = new Map();

// A point of prime order in its one spelling. Points that were checked before are known: keys and sums come often.
export function readPoint(data) {
  const spelled = hex(data);
  if (known.has(spelled)) return known.get(spelled);
  let found = null;
  try { found = Point.fromBytes(data); } catch { /* not on the curve, or another spelling */ }
  const holds = data.length === 32 && found !== null && !found.is0() && found.isTorsionFree();
  sound(holds, "bad_point", "not the one spelling of a point of prime order");
  if (known.size > 4096) known.clear();
  known.set(spelled, found);
  return found;
}

export const readElement = (data) => same(data, spell(ZERO)) ? ZERO : readPoint(data);

export function spell(point) {
  if (!point.is0()) return point.toBytes();
  const neutral = new Uint8Array(32);
  neutral[0] = 1;
  return neutral;
}

const tables = new WeakMap();
function multiples(point) {
  if (!tables.has(point)) {
    const found = [ZERO, point];
    while (found.length < 16) found.push(found.at(-1).add(point));
    tables.set(point, found);
  }
  return tables.get(point);
}

// The sum of multiples of points of prime order, four bits at a time (Straus).
export function combine(...terms) {
  const each = terms.map(([scalar, point]) => [modulo(scalar), multiples(point)]);
  let found = ZERO;
  for (let at = 252n; at >= 0n; at -= 4n) {
    if (at !== 252n) found = found.double().double().double().double();
    for (const [scalar, table] of each) {
      const digits = Number(scalar >> at & 15n);
      if (digits) found = found.add(table[digits]);
    }
  }
  return found;
}

export const challenge = async (tag, ...parts) => little(await tagged(tag, encode(parts))) % ORDER;
const committed = (base, shown, response, challenged) => spell(combine([response, base], [-challenged, shown]));

const scalar = (value) => value instanceof Uint8Array && value.length === 32;
const proofOf = (value) => record(value, { challenge: scalar, response: scalar }, "a proof");

async function checkEqual(tag, context, bases, publics, value) {
  const proof = proofOf(value);
  const challenged = readScalar(proof.challenge), response = readScalar(proof.response);
  const commitments = [G, ...bases].map((base, at) => committed(base, publics[at], response, challenged));
  const made = await challenge(tag, ...context, bases.map(spell), publics.map(spell), commitments);
  sound(made === challenged, "bad_proof", "the proof does not hold");
}

export const threshold = (trustees) => Math.floor(2 * trustees / 3) + 1;
export const electorateRoot = (names) => tagged("consortia/electorate", encode(names));
const pair = ([pad, body]) => new Map([["pad", pad], ["body", body]]);

export function aggregateHash(election, ballots, root, sums) {
  return tagged("consortia/ballot-sum", encode([election, ballots, root, sums.map(pair)]));
}

export async function checkCoefficients(election, dealer, found, wanted) {
  sound(found.length === wanted, "wrong_shape", `${found.length} coefficients, the threshold asks for ${wanted}`);
  const points = [];
  for (const [place, value] of found.entries()) {
    const each = record(value, { point: digest, proof: (one) => one instanceof Map }, "a coefficient");
    points.push(readPoint(each.point));
    await checkEqual("consortia/trustee-coefficient", [election, dealer, BigInt(place)], [], [points.at(-1)], each.proof);
  }
  return points;
}

const sealedChoice = (value) => record(value,
  { pad: digest, body: digest, challenge: scalar, zero: scalar, one: scalar }, "a sealed choice");

// The steps of `exact.ballot.check_ballot`; gives the ballot's pads and bodies.
export async function checkBallot(terms, voter, value) {
  const ballot = record(value, { choices: Array.isArray, proof: (one) => one instanceof Map }, "a ballot");
  const choices = ballot.choices.map(sealedChoice), proof = proofOf(ballot.proof);
  sound(choices.length === terms.choices.length, "wrong_shape",
    `${choices.length} sealed choices for ${terms.choices.length}`); // 1
  const sealed = choices.map((each) => [readPoint(each.pad), readPoint(each.body)]); // 2
  const seen = new Set(choices.map((each) => hex(each.pad) + hex(each.body)));
  sound(seen.size === choices.length, "repeated", "a ciphertext stands twice in the ballot");
  const whole = readScalar(proof.challenge), response = readScalar(proof.response); // 3
  const key = readPoint(terms.key), commitments = [];
  for (const [at, each] of choices.entries()) {
    const [first, zero, one] = [readScalar(each.challenge), readScalar(each.zero), readScalar(each.one)];
    const [pad, body] = sealed[at], less = body.add(G.negate());
    commitments.push([ // 4
      committed(G, pad, zero, first), committed(key, body, zero, first),
      committed(G, pad, one, whole - first), committed(key, less, one, whole - first),
    ]);
  }
  const pads = sealed.reduce((sum, [pad]) => sum.add(pad), ZERO);
  const bodies = sealed.reduce((sum, [, body]) => sum.add(body), ZERO);
  const forSum = [committed(G, pads, response, whole), committed(key, bodies.add(G.negate()), response, whole)];
  const made = await challenge("consortia/ballot-proof", terms.network, terms.election, terms.subject, // 5
    terms.electorate, terms.key, voter, terms.choices, choices.map((each) => [each.pad, each.body]), commitments, forSum);
  sound(made === whole, "bad_proof", "the ballot does not prove that it holds one choice of this voter");
  return sealed;
}

export async function checkPartial(terms, aggregate, trustee, key, pads, value) {
  const part = record(value, { shares: list(digest, 16), proof: (one) => one instanceof Map }, "a part");
  sound(part.shares.length === pads.length, "wrong_shape", `${part.shares.length} shares of a sum of ${pads.length}`);
  const shares = part.shares.map(readElement);
  await checkEqual("consortia/ballot-decryption", [terms.network, terms.election, aggregate, trustee],
    pads, [key, ...shares], part.proof);
  return shares;
}

function power(base, exponent) {
  let found = 1n;
  for (let rest = exponent, factor = modulo(base); rest > 0n; rest >>= 1n, factor = factor * factor % ORDER) {
    if (rest & 1n) found = found * factor % ORDER;
  }
  return found;
}

// Lagrange's weights at 0, modulo the order.
function weights(indices) {
  return indices.map((one) => {
    const others = indices.filter((other) => other !== one);
    const above = others.reduce((product, other) => product * other % ORDER, 1n);
    const below = others.reduce((product, other) => modulo(product * (other - one)), 1n);
    return above * power(below, ORDER - 2n) % ORDER;
  });
}

// The counts that parts by index, all checked, open these bodies to.
export function counted(bodies, parts, most) {
  const indices = [...parts.keys()].sort((a, b) => Number(a - b)), weighed = weights(indices);
  return bodies.map((body, place) => {
    const shares = combine(...indices.map((index, at) => [weighed[at], parts.get(index)[place]]));
    const wanted = body.add(shares.negate());
    let at = ZERO, number = 0n;
    while (!at.equals(wanted)) {
      sound(number < most, "bad_proof", `no count up to ${most} gives this sum`);
      at = at.add(G);
      number += 1n;
    }
    return number;
  });
}

// The set hash over whole entries, sorted (`base.setcommit`).
async function setHash(entries, depth = 0) {
  if (entries.length <= LEAF_ENTRIES_MAX) return tagged("consortia/set/leaf", ...entries.flat());
  const halves = [0, 1].map((side) => entries.filter(([key]) => bit(key, depth) === side));
  const roots = [await setHash(halves[0], depth + 1), await setHash(halves[1], depth + 1)];
  return tagged("consortia/set/node", eight(BigInt(entries.length)), ...roots);
}

function inOrder(names, among, what) {
  const sorted = names.every((one, at) => at === 0 || compare(text(names[at - 1]), text(one)) < 0);
  must(sorted && names.every((one) => among.includes(one)), what);
}

const several = (kinds, what, most) => (value) => Array.isArray(value) && value.length <= most &&
  Boolean(value.map((one) => record(one, kinds, what)));
const map = (value) => value instanceof Map;
const COUNT = {
  election: map,
  dealers: several({ name, coefficients: Array.isArray }, "a dealer", 32),
  ballots: several({ voter: name, ballot: map }, "a cast ballot", 128),
  parts: several({ trustee: name, partial: map }, "a part", 32),
};
const plain = (value) => Object.fromEntries(value);

// `modules.ballots.evidence.recount`, with the same numbers. `working(said)` hears how far it is.
export async function recount(network, entry, evidence, working = () => {}) {
  const found = record(evidence, COUNT, "a count"), election = plain(found.election), progress = plain(entry);
  const terms = await tagged("consortia/election-terms", encode(found.election)); // 1
  must(same(terms, progress.terms), "the election is not the one that the entry is of");
  must(progress.key && progress.sum && progress.counts, "the election has no count");
  const key = plain(progress.key), needed = threshold(election.trustees.length);
  await dealers(election, key, found.dealers.map(plain), needed); // 2
  const bound = {
    network, election: election.id, subject: election.subject, key: key.commitments[0], choices: election.choices,
    electorate: await electorateRoot(election.voters),
  };
  const sums = await ballots(bound, election, progress, found.ballots.map(plain), working); // 3, 4
  const given = await partsOf(bound, election, progress, key, found.parts.map(plain), needed, sums); // 5
  const used = new Map([...given].slice(0, needed)); // 6
  const counts = counted(sums.map(([, body]) => body), used, progress.ballots);
  must(counts.length === progress.counts.length && counts.every((one, at) => one === progress.counts[at]),
    `the parts open the sum to ${counts}, not to ${progress.counts}`);
  const told = election.choices.map((choice, at) => `${choice} ${counts[at]}`).join(", ");
  return `counted again from ${progress.ballots} ballots and ${found.parts.length} parts: ${told}`;
}

async function dealers(election, key, found, needed) {
  const names = found.map((one) => one.name);
  must(names.length === key.qualified.length && names.every((one, at) => one === key.qualified[at]),
    "the dealers are not those that qualified");
  let sums = null;
  for (const dealer of found) {
    const points = await checkCoefficients(election.id, dealer.name, dealer.coefficients, needed);
    sums = sums === null ? points : sums.map((one, at) => one.add(points[at]));
  }
  must(sums !== null && sums.length === key.commitments.length &&
    sums.every((one, at) => same(spell(one), key.commitments[at])), "the dealers' coefficients do not add up to the key");
}

async function ballots(bound, election, progress, found, working) {
  inOrder(found.map((one) => one.voter), election.voters, "the ballots are not of voters, one each");
  let sums = election.choices.map(() => [ZERO, ZERO]);
  const entries = [];
  for (const [at, { voter, ballot }] of found.entries()) {
    working(`checking ballot ${at + 1} of ${found.length} …`);
    await new Promise((done) => { setTimeout(done); }); // the page goes on answering
    let sealed;
    try { sealed = await checkBallot(bound, voter, ballot); } catch (error) {
      throw new Malformed(`the ballot of ${voter}: ${error.message}`);
    }
    sums = sums.map(([pad, body], place) => [pad.add(sealed[place][0]), body.add(sealed[place][1])]);
    entries.push([await tagged("consortia/voter", text(voter)), await tagged("consortia/ballot", encode(ballot))]);
  }
  const root = await setHash(entries.sort(([a], [b]) => compare(a, b)));
  const spelled = sums.map((each) => each.map(spell));
  const held = progress.sums.map((each) => [each.get("pad"), each.get("body")]);
  const agree = spelled.every(([pad, body], at) => same(pad, held[at][0]) && same(body, held[at][1]));
  must(found.length >= BALLOTS_MIN && BigInt(found.length) === progress.ballots && same(root, progress.root) && agree,
    "the ballots are not those of the entry, or too few");
  must(same(await aggregateHash(election.id, progress.ballots, root, spelled), progress.sum),
    "the entry names another sum");
  return sums;
}

async function partsOf(bound, election, progress, key, found, needed, sums) {
  inOrder(found.map((one) => one.trustee), election.trustees, "the parts are not of trustees, one each");
  must(found.length >= needed, `${found.length} parts, it takes ${needed}`);
  const given = new Map(), commitments = key.commitments.map(readPoint), pads = sums.map(([pad]) => pad);
  for (const { trustee, partial } of found) {
    const index = BigInt(election.trustees.indexOf(trustee) + 1);
    const verification = combine(...commitments.map((one, at) => [power(index, BigInt(at)), one]));
    given.set(index, await checkPartial(bound, progress.sum, trustee, verification, pads, partial));
  }
  return given;
}
