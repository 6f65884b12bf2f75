// The page of a lineage: each arrow is checked here, from proofs of the ledger's entries that it claims.
// Which entries those are, the script computes itself; the node gives only the proofs.

import { CAUGHT, flipped, verify } from "./proof.js";
import { concat, decode, hex, same, unhex } from "./cbor.js";

const at = (id) => document.getElementById(id);
const steps = [...document.querySelectorAll("#steps > li")];
let running = 0;

class Wrong extends Error {}
class Missing extends Error {}
function must(holds, text) { if (!holds) throw new Wrong(text); }

// `kernel.table`: the table's name, then each part: bytes and text behind their length, numbers in eight bytes.
function entryKey(table, ...parts) {
  return concat(new TextEncoder().encode(`${table}/`), ...parts.flatMap((part) => {
    if (typeof part === "number") {
      const found = new Uint8Array(8);
      new DataView(found.buffer).setBigUint64(0, BigInt(part));
      return [found];
    }
    const data = typeof part === "string" ? new TextEncoder().encode(part) : part;
    return [Uint8Array.of(data.length), data];
  }));
}

async function fetched(key) {
  const answer = await fetch(`/v1/proofs/state?key=${hex(key)}`);
  if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
  throw new Missing((await answer.json().catch(() => ({}))).detail ?? `the node answers ${answer.status}`);
}

// Proofs by their key, asked for once each; with `bent` the next one has a flipped bit, and is kept by nobody.
class Entries {
  constructor(network) { this.network = network; this.kept = new Map(); this.bent = false; }

  async entry(table, ...parts) {
    const key = entryKey(table, ...parts), name = hex(key);
    if (this.bent) {
      this.bent = false;
      return this.read(key, flipped(await fetched(key)));
    }
    if (!this.kept.has(name)) this.kept.set(name, fetched(key).then((data) => this.read(key, data)));
    return this.kept.get(name);
  }

  async read(key, data) {
    const verdict = await verify(data, this.network);
    if (!verdict.ok) {
      throw new Wrong(`step ${verdict.failed} of a proof fails. Who would notice: ${CAUGHT[verdict.failed]}`);
    }
    const state = verdict.proof.extra.state;
    must(state && same(state.key, key), "the proof is of another entry");
    must(state.value !== null, "the ledger has no such entry");
    return decode(state.value);
  }
}

const is = (found, name, wanted) => must(found.get(name) instanceof Uint8Array && same(found.get(name), wanted),
  `the entry has another ${name}`);
const round = (entries, ids, index = ids.index, attempt = ids.attempt) =>
  entries.entry("training/round", unhex(ids.study), Number(index), Number(attempt));

// What is to hold along each kind of arrow; each gives in words what it saw.
const CHECKS = {
  async records(entries, ids) {
    const joined = await entries.entry("training/join", unhex(ids.study), ids.member);
    is(joined, "dataset", unhex(ids.dataset));
    must(joined.get("version") === BigInt(ids.version), "the member joined with another version");
    const version = await entries.entry("assets/versions", unhex(ids.dataset), Number(ids.version));
    is(version, "commitment", joined.get("commitment"));
    is(version, "commitment", unhex(ids.root));
    const asset = await entries.entry("assets/assets", unhex(ids.dataset));
    must(asset.get("owner") === ids.member, "the data set is of another member");
    return `${joined.get("records")} records under ${ids.root.slice(0, 16)}…`;
  },
  async update(entries, ids) {
    const found = await round(entries, ids);
    is(found, "id", unhex(ids.round));
    must(found.get("cohort").includes(ids.member), "the member's update is not in the round");
    const update = await entries.entry("training/submission", unhex(ids.round), ids.member);
    is(found, "study", unhex(ids.study));
    return `the update is blob ${hex(update.get("blob")).slice(0, 16)}…`;
  },
  async round(entries, ids) {
    const found = await round(entries, ids);
    is(found, "study", unhex(ids.study));
    is(found, "id", unhex(ids.round));
    must(found.get("status") === "final", "the round is not final");
    if (ids.before !== undefined) {
      const earlier = await round(entries, ids, ids.before, ids.tried);
      is(found, "state", earlier.get("outcome").get("state"));
    } else {
      must(ids.index === "0", "the page does not say from where the round starts");
      is((await entries.entry("training/study", unhex(ids.study))).get("terms"), "initial", found.get("state"));
    }
    return `${found.get("cohort").length} updates, ${found.get("cohort_records")} records`;
  },
  async model(entries, ids) {
    const asset = await entries.entry("assets/assets", unhex(ids.asset));
    must(asset.get("kind") === "model", "it is no model");
    is(asset, "study", unhex(ids.study));
    const progress = await entries.entry("training/progress", unhex(ids.study));
    is(progress, "model", unhex(ids.asset));
    const last = await round(entries, ids);
    is(last.get("outcome"), "state", progress.get("state"));
    const version = await entries.entry("assets/versions", unhex(ids.asset), 1);
    is(version, "commitment", progress.get("state"));
    return `the model's bytes hash to ${hex(progress.get("state")).slice(0, 16)}…`;
  },
  async batch(entries, ids) {
    const batch = await entries.entry("predictions/batches", unhex(ids.batch));
    is(batch, "model", unhex(ids.asset));
    const version = await entries.entry("assets/versions", unhex(ids.asset), 1);
    is(batch, "content", version.get("commitment"));
    return `recorded in block ${batch.get("height")}, under ${hex(batch.get("root")).slice(0, 16)}…`;
  },
};

function mark(step, kind, text) {
  step.classList.remove("good", "bad", "unknown");
  if (kind) step.classList.add(kind);
  step.querySelector(".said").textContent = text;
  const path = [...document.querySelectorAll("path.edge")].find((one) => one.dataset.edge === step.dataset.edge);
  path?.classList.remove("good", "bad", "unknown");
  if (path && kind) path.classList.add(kind);
}

async function tried(step, entries) {
  const { kind, edge, ...ids } = step.dataset;
  try {
    mark(step, "good", await CHECKS[kind](entries, ids));
    return "good";
  } catch (error) {
    const missing = error instanceof Missing;
    mark(step, missing ? "unknown" : "bad", missing ? `Could not be checked: ${error.message}` : `${error.message}.`);
    return missing ? "unknown" : "bad";
  }
}

function say(results) {
  const count = (kind) => results.filter((one) => one === kind).length;
  const [bad, unknown] = [count("bad"), count("unknown")];
  at("verdict").className = `verdict ${bad ? "bad" : unknown ? "" : "good"}`;
  at("verdict").textContent = bad ? `Not true: ${bad} of ${results.length} arrows ${bad === 1 ? "fails" : "fail"}.`
    : unknown ? `${unknown} of ${results.length} arrows could not be checked.`
      : `True: all ${results.length} arrows hold, from the network's hash.`;
}

async function check(bend = null) {
  const mine = ++running, results = [];
  at("flip").disabled = at("restore").disabled = true;
  at("verdict").className = "verdict";
  const entries = new Entries(at("network").value.trim().toLowerCase());
  steps.forEach((step) => mark(step, "", ""));
  for (const step of steps) {
    at("verdict").className = "verdict";
    at("verdict").textContent = `Checking arrow ${results.length + 1} of ${steps.length} …`;
    entries.bent = step === bend;
    results.push(await tried(step, entries));
    if (mine !== running) return;
  }
  say(results);
  at("flip").disabled = at("restore").disabled = false;
}

at("lineage").addEventListener("submit", (event) => event.preventDefault());
at("network").addEventListener("change", () => check());
at("flip").addEventListener("click", () => check(steps[Math.floor(Math.random() * steps.length)]));
at("restore").addEventListener("click", () => check());
check();
