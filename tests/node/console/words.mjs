// What the page of an act shows and compares: node words.mjs STATIC_FOLDER, the fields' names as JSON in.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const from = (name) => import(pathToFileURL(`${process.argv[2]}/${name}`));
const { Lie, Loose, compare, printed, quoted, shown, tells } = await from("sign.js");
const { Unreadable, parsed } = await from("forms.js");

function refused(kind, act) {
  try { act(); } catch (error) {
    if (!(error instanceof kind)) throw error;
    return true;
  }
  return false;
}
const lies = (text, found) => refused(Lie, () => compare(new Loose(parsed(text)), found));

process.stdout.write(JSON.stringify({
  times: JSON.parse(readFileSync(0, "utf-8")).map((name) => shown(1_780_000_000_000n, name)),
  texts: ["plain", "a\u202Eb\u200B\u3164", "two\nlines", "none", "", "naïve 家"].map(printed),
  lists: [["a", "b"], ["a, b"], [], [""], ["yes"]].map(printed),
  quoted: ["north", "yes", "10 to west. Signed, north", 'a "b"', "", "a\u202Eb"].map(quoted),
  empty: printed(new Map()),
  unheld: ["9007199254740993", '{"a": [1.5]}', "1e400"].map((text) => refused(Unreadable, () => parsed(text))),
  held: parsed('{"a": [9007199254740991, "9007199254740993", true, null]}'),
  lies: [
    lies('{"kept": 7}', new Map([["__proto__", new Map()]])), lies("[5]", 5n), lies('{"a": 1}', new Map([["b", 1n]])),
  ],
  told: [{ height: 3, events: [{ place: "7" }] }, { height: 3, events: [{ place: 8 }] }, { height: 3 }].map((one) =>
    tells(one, { height: 3n, events: [new Map([["place", 7n]])] })),
  honest: [lies('{"a": [1, "2", {"__proto__": "ff"}]}',
    new Map([["a", [1n, 2n, new Map([["__proto__", Uint8Array.of(255)]])]]]))],
}));
