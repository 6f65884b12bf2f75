// The page that checks a proof: shows each step of proof.js as it passes or fails, and flips a byte on wish.

import { CAUGHT, flipped, verify } from "./proof.js";
import { decode, hex } from "./cbor.js";
import { moment } from "./moments.js";

const at = (id) => document.getElementById(id);
let original = null, running = 0;

function words(value) {
  if (value instanceof Uint8Array) return hex(value);
  if (value instanceof Map) return [...value].map(([name, item]) => `${name}: ${words(item)}`).join("; ");
  if (Array.isArray(value)) return value.map(words).join(", ");
  return String(value);
}

// What bytes hold, where they are an encoding of the ledger's; else the bytes.
function read(data) {
  try { return decode(data); } catch { return data; }
}

// A state key: its table's name, then the rest in hex.
function printed(key) {
  const name = new TextDecoder("latin1").decode(key).match(/^[a-z0-9_./-]*/)[0];
  return `${name} ${hex(key.subarray(name.length))}`;
}

function claim(verdict) {
  const rows = [["block", verdict.header.height], ["time", moment(verdict.header.time)]];
  if (verdict.receipt) {
    rows.push(["transaction", verdict.receipt.transaction], ["code", verdict.receipt.code]);
    verdict.receipt.events.forEach((event) => rows.push([event.get("name"), event.get("body")]));
  }
  const { state, record } = verdict.proof.extra;
  if (state) rows.push(["state entry", printed(state.key)], ["holds", state.value === null ? "nothing" : read(state.value)]);
  if (record) rows.push(["opened record", read(record.record)]);
  const table = document.createElement("table");
  table.createCaption().textContent = "What is proved";
  const body = table.createTBody();
  for (const [name, value] of rows) {
    const row = body.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    row.append(head);
    row.insertCell().textContent = words(value);
  }
  const box = document.createElement("section");
  box.className = "view";
  box.append(table);
  at("claim").replaceChildren(box);
}

function clear() {
  at("verdict").className = "verdict";
  at("claim").replaceChildren();
  at("unchecked").replaceChildren();
  for (let number = 1; number <= 8; number++) {
    at(`step-${number}`).classList.remove("good", "bad");
    at(`step-${number}`).querySelector(".said").textContent = "";
  }
}

async function check(data) {
  const mine = ++running;
  clear();
  at("verdict").textContent = "Checking …";
  const verdict = await verify(data, at("network").value.trim().toLowerCase(), (step) => {
    if (mine !== running) return;
    at(`step-${step.number}`).classList.add(step.ok ? "good" : "bad");
    at(`step-${step.number}`).querySelector(".said").textContent = step.text;
  }, (said) => { if (mine === running) at("verdict").textContent = `Counting again: ${said}`; });
  if (mine !== running) return;
  at("verdict").classList.add(verdict.ok ? "good" : "bad");
  at("verdict").textContent = verdict.ok ? "True: every step holds."
    : `Not true: step ${verdict.failed} fails. Who would notice: ${CAUGHT[verdict.failed]}.`;
  const notes = verdict.unchecked.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
  at("unchecked").replaceChildren(...notes);
  if (verdict.ok) claim(verdict);
}

async function load(source) {
  original = new Uint8Array(await source.arrayBuffer());
  at("flip").disabled = at("restore").disabled = false;
  await check(original);
}

// The proof that the page itself names, where it is one about a thing.
async function fetched(address) {
  const answer = await fetch(address);
  if (answer.ok) return load(answer);
  at("verdict").textContent = "The node gives no proof yet: what it is about is not final. Load the page again.";
}

at("file")?.addEventListener("change", (event) => { if (event.target.files[0]) load(event.target.files[0]); });
at("flip").addEventListener("click", () => check(flipped(original)));
at("restore").addEventListener("click", () => check(original));
at("network").addEventListener("change", () => { if (original) check(original); });
at("verify").addEventListener("submit", (event) => event.preventDefault());
for (const kind of at("drop") ? ["dragover", "dragleave", "drop"] : []) {
  at("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) load(event.dataTransfer.files[0]);
  });
}
if (at("verify").dataset.source) fetched(at("verify").dataset.source);
