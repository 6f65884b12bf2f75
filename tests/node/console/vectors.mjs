// Every proof vector, checked by the console's own script: node vectors.mjs STATIC_FOLDER VECTORS_FOLDER.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [statics, folder] = process.argv.slice(2);
const { verify } = await import(pathToFileURL(`${statics}/proof.js`));
const index = JSON.parse(readFileSync(`${folder}/index.json`, "utf-8"));
const found = {};
for (const { file } of index.vectors) {
  const verdict = await verify(new Uint8Array(readFileSync(`${folder}/${file}`)), index.network);
  found[file] = {
    ok: verdict.ok, failed: verdict.failed, text: verdict.steps.at(-1).text, texts: verdict.steps.map((one) => one.text),
  };
}
process.stdout.write(JSON.stringify(found));
