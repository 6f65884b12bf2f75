// What the console's script makes of encodings: node encode.mjs STATIC_FOLDER, lines of hex in, lines out.
// Each is decoded and encoded again; what is no encoding of the ledger's is answered with "refused".
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Malformed, decode, encode, hex, unhex } = await import(pathToFileURL(`${process.argv[2]}/cbor.js`));
for (const line of readFileSync(0, "utf-8").split("\n").filter(Boolean)) {
  let made;
  try { made = hex(encode(decode(unhex(line)))); } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    made = "refused";
  }
  process.stdout.write(`${made}\n`);
}
