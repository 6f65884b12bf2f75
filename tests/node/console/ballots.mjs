// Every ballot vector, by the console's own arithmetic: node ballots.mjs STATIC_FOLDER VECTORS_FOLDER.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [statics, folder] = process.argv.slice(2);
const tally = await import(pathToFileURL(`${statics}/tally.js`));
const ballot = await import(pathToFileURL(`${statics}/ballot.js`));
const { decode, encode, hex } = await import(pathToFileURL(`${statics}/cbor.js`));
const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const terms = (given) => Object.fromEntries(Object.entries(given).map(([name, value]) =>
  [name, name === "choices" ? value : bytes(value)]));
const element = (text) => tally.readElement(bytes(text));

const DO = {
  read_scalar: (given) => tally.readScalar(bytes(given.bytes)).toString(16),
  check_point: (given) => hex(tally.spell(tally.readPoint(bytes(given.bytes)))),
  multiply: (given) => hex(tally.spell(tally.combine([BigInt(`0x${given.scalar}`), element(given.point)]))),
  add: (given) => hex(tally.spell(element(given.one).add(element(given.other)))),
  subtract: (given) => hex(tally.spell(element(given.one).add(element(given.other).negate()))),
  electorate_root: async (given) => hex(await tally.electorateRoot(given.voters)),
  check_coefficients: async (given) => {
    await tally.checkCoefficients(bytes(given.election), given.dealer,
      given.coefficients.map((one) => decode(bytes(one))), given.threshold);
    return null;
  },
  make_ballot: async (given) => {
    const nonces = given.nonces.map((one) => BigInt(`0x${one}`));
    return hex(encode(await ballot.makeBallot(terms(given.terms), given.voter, given.chosen, nonces)));
  },
  check_ballot: async (given) => {
    await tally.checkBallot(terms(given.terms), given.voter, decode(bytes(given.ballot)));
    return null;
  },
  aggregate_hash: async (given) => hex(await tally.aggregateHash(bytes(given.election), BigInt(given.ballots),
    bytes(given.root), given.sums.map((each) => each.map(bytes)))),
  check_partial: async (given) => {
    await tally.checkPartial(terms(given.terms), bytes(given.aggregate), given.trustee, element(given.key),
      given.pads.map(element), decode(bytes(given.partial)));
    return null;
  },
  counted: (given) => {
    const parts = new Map(Object.entries(given.parts).map(([index, part]) =>
      [BigInt(index), decode(bytes(part)).get("shares").map(tally.readElement)]));
    return tally.counted(given.sums.map(([, body]) => element(body)), parts, BigInt(given.most)).map(Number);
  },
};

const found = [];
for (const file of ["group", "ceremony", "ballot", "decryption"]) {
  for (const vector of JSON.parse(readFileSync(`${folder}/${file}.json`, "utf-8")).vectors) {
    if (!(vector.do in DO)) continue;
    let made;
    try { made = { ok: true, gives: await DO[vector.do](vector.given) }; } catch (error) {
      made = { ok: false, gives: error.reason ?? "malformed", text: error.message };
    }
    found.push({ name: `${file}: ${vector.name}`, do: vector.do, wanted: [vector.ok, vector.gives], made });
  }
}
process.stdout.write(JSON.stringify(found));
