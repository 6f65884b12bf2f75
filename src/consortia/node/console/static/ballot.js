// A secret ballot in the browser (docs/reference/ballots.md): the election as the members made it final, the
// ballot with its proofs, and what a challenge of it shows. A choice and its nonces leave this page only in the
// file of a challenge, and such a ballot is never cast. JavaScript's integers take a time that depends on them:
// as in `base.group`, who holds secrets computes at home, where nobody measures.

import { Point } from "./noble-ed25519.js";
import { concat, decode, encode, hex, same, unhex } from "./cbor.js";
import { tagged, verify } from "./proof.js";
import { Unproved, json, quoted } from "./sign.js";
import { ORDER, Unsound, challenge, checkBallot, electorateRoot, little, modulo, readPoint, spell } from "./tally.js";

const G = Point.BASE, ZERO = Point.ZERO, NONCE_BITS = 253;
const utf8 = (text) => new TextEncoder().encode(text);

const times = (scalar, point) => { const found = modulo(scalar); return found ? point.multiply(found) : ZERO; };

export function writeScalar(value) {
  return unhex(modulo(value).toString(16).padStart(64, "0")).reverse();
}

// How many independent uniform nonces, 1..ORDER-1, a ballot of so many choices takes.
export const noncesNeeded = (choices) => 4 * choices + 1;

function drawNonce() {
  for (;;) { // about half of all draws are below the order
    const drawn = little(crypto.getRandomValues(new Uint8Array(32))) & (1n << BigInt(NONCE_BITS)) - 1n;
    if (drawn > 0n && drawn < ORDER) return drawn;
  }
}

export const drawNonces = (choices) => Array.from({ length: noncesNeeded(choices) }, drawNonce);

// The steps of `exact.ballot.make_ballot`, with its order of nonces.
export async function makeBallot(terms, voter, chosen, nonces) {
  const count = terms.choices.length, known = (one) => one > 0n && one < ORDER;
  const fits = chosen >= 0 && chosen < count && nonces.length === noncesNeeded(count) && nonces.every(known);
  if (!fits) throw new Unsound("bad_value", "no such choice, or nonces that are not its own");
  const key = readPoint(terms.key), last = nonces.at(-1);
  const each = terms.choices.map((_choice, place) => {
    const [r, nonce, otherChallenge, otherResponse] = nonces.slice(4 * place), vote = place === chosen;
    const seal = [spell(times(r, G)), spell((vote ? G : ZERO).add(times(r, key)))]; // 1
    const real = [spell(times(nonce, G)), spell(times(nonce, key))]; // 2
    const back = otherResponse - otherChallenge * r, shift = times(vote ? -otherChallenge : otherChallenge, G);
    const other = [spell(times(back, G)), spell(times(back, key).add(shift))]; // 3
    return { r, nonce, otherChallenge, otherResponse, vote, seal, commitments: vote ? [...other, ...real] : [...real, ...other] };
  });
  const whole = await challenge("consortia/ballot-proof", terms.network, terms.election, terms.subject, // 4, 5
    terms.electorate, terms.key, voter, terms.choices, each.map((one) => one.seal),
    each.map((one) => one.commitments), [spell(times(last, G)), spell(times(last, key))]);
  const choices = each.map((one) => { // 6
    const challenged = modulo(whole - one.otherChallenge), response = one.nonce + challenged * one.r;
    const [zero, first] = one.vote ? [one.otherResponse, response] : [response, one.otherResponse];
    return new Map([
      ["pad", one.seal[0]], ["body", one.seal[1]], ["challenge", writeScalar(one.vote ? one.otherChallenge : challenged)],
      ["zero", writeScalar(zero)], ["one", writeScalar(first)],
    ]);
  });
  const together = each.reduce((sum, one) => sum + one.r, 0n);
  const response = writeScalar(last + whole * together); // 7
  return new Map([["choices", choices], ["proof", new Map([["challenge", writeScalar(whole)], ["response", response]])]]);
}

export const ballotHash = (ballot) => tagged("consortia/ballot", encode(ballot));

// An entry of the ballots' tables, proved final under the network's hash; null where the proof is of its absence.
async function entry(network, table, ...parts) {
  const key = concat(utf8(`ballots/${table}/`), ...parts.flatMap((one) => [Uint8Array.of(one.length), one]));
  const answer = await fetch(`/v1/proofs/state?key=${hex(key)}`, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) throw new Unproved("The node gives no proof of this ballot: it does not answer, or nothing is final yet.");
  const seen = await verify(new Uint8Array(await answer.arrayBuffer()), network);
  if (!seen.ok) throw new Unproved(`The node's word on this ballot is not what the members made final: ${seen.steps.at(-1).text}.`);
  const { state } = seen.proof.extra;
  if (!state || !same(state.key, key)) throw new Unproved("The node's proof is of something else than this ballot.");
  return state.value === null ? null : decode(state.value);
}

// An election with the terms that its ballots are bound to, not on the node's word. Raises Unproved.
async function proven(network, id) {
  const election = await entry(network, "elections", id), progress = await entry(network, "progress", id);
  if (election === null || progress === null) throw new Unproved("The final ledger knows no such ballot yet: try again.");
  const key = progress.get("key");
  if (key === null) throw new Unproved("The trustees have not made this ballot's key yet, or it is not final: try again.");
  const terms = {
    network: unhex(network), election: id, subject: election.get("subject"), key: key.get("commitments")[0],
    electorate: await electorateRoot(election.get("voters")), choices: election.get("choices"),
  };
  return { title: election.get("title"), voters: election.get("voters"), terms };
}

// Whether this very ballot is the one that counts for its voter, as the final ledger has it: {stands, said}.
async function standing(network, id, voter, hash) {
  let kept;
  try { kept = await entry(network, "ballots", id, utf8(voter)); } catch (error) { return { stands: false, said: error.message }; }
  const stands = kept !== null && same(await ballotHash(kept.get("ballot")), hash);
  return { stands, said: stands ? `Your ballot counts, in the final ledger, under its hash ${hex(hash)}.`
    : `Not the ballot ${hex(hash)} counts for ${voter}, but another: somebody else cast one after you.` };
}

// Make the ballot for what the form chooses: what to send, what to say of it, and what a challenge shows.
export async function sealedBallot(form, key, node) {
  const network = hex(node.network), id = unhex(form.querySelector("[data-name=election] input").value);
  const choice = document.getElementById("sealed-choice").value;
  const { title, voters, terms } = await proven(network, id), chosen = terms.choices.indexOf(choice);
  if (chosen < 0) throw new Unproved(`This ballot has no choice ${quoted(choice)}: load the page again.`);
  if (!voters.includes(key.member)) throw new Unproved(`${key.member} has no vote in this ballot.`);
  const nonces = drawNonces(terms.choices.length), ballot = await makeBallot(terms, key.member, chosen, nonces);
  await checkBallot(terms, key.member, ballot);
  const hash = await ballotHash(ballot);
  return {
    args: new Map([["election", id], ["ballot", ballot]]),
    sentence: `${key.member} chooses ${quoted(choice)} in the secret ballot ${quoted(title)}.`,
    caption: "The ballot that this page made, and what stands in the bytes around it",
    facts: [
      ["your choice", `${quoted(choice)} (sealed: this page alone knows it)`], ["ballot", quoted(title)], ["election", hex(id)],
      ["the ballot's hash", hex(hash)], ["sealed under the trustees' key", hex(terms.key)],
    ],
    challenge: { name: "challenged.json", held: {
      ...json(new Map(Object.entries(terms))), voter: key.member, chosen, nonces: nonces.map((one) => hex(writeScalar(one))), ballot: json(ballot),
    } },
    stands: standing.bind(null, network, id, key.member, hash),
  };
}
