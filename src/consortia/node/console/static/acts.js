// The page of one message: opens a key file, collects the form, shows what would be signed in words decoded
// from the very bytes, signs on the button, and follows the receipt. `keys.js` and `sign.js` do the work.

import { hex, unhex } from "./cbor.js";
import { Unreadable, add, check, fillIn, message, parsed } from "./forms.js";
import { KeyError, named, open, read } from "./keys.js";
import { SEALS, offered, withdrawn } from "./seals.js";
import { Lie, Node, Problem, Unproved, quoted, shown, tells, visible } from "./sign.js";
import { verify } from "./proof.js";

const at = (id) => document.getElementById(id);
const form = at("act"), { method, saying, network, member, roles, own, sealed, seals, request } = form.dataset;
const node = new Node(unhex(network), member);
let file = null, key = null, draft = null, kept = null, turn = 0, opening = 0;

function tell(id, text, wrong = false) {
  at(id).textContent = text;
  at(id).classList.toggle("wrong", wrong);
}

// 1. The key.

async function unlocked(passphrase) {
  const mine = ++opening;
  tell("key-said", "Opening …");
  const found = await open(file, passphrase), seen = await known(found);
  if (mine !== opening) return; // forgotten meanwhile, or another file was chosen
  tell("key-said", seen.said, !seen.may);
  key = found;
  file = null;
  at("unlock").hidden = true;
  at("key-open").hidden = at("show").disabled = false;
  if (own) fillIn(form, Object.fromEntries(own.split(" ").map((name) => [name, hex(key.id)])));
}

// What is said of a key: {said, may}. Raises KeyError where this network does not know it, or it acts no more.
async function known(found) {
  let seen;
  try { seen = await node.ask(`/v1/query/identity/key?key=${hex(found.id)}`); } catch (error) {
    if (error.code !== "identity.no_key") throw error;
    throw new KeyError(`Network ${network.slice(0, 16)} knows no key ${hex(found.id).slice(0, 12)}…: ` +
      `this is a key of another network, or of a member that is not admitted yet.`);
  }
  if (seen.key.revoked != null) throw new KeyError("This key was revoked: it signs nothing any more.");
  const held = seen.key.roles, may = held.some((one) => roles.split(" ").includes(one));
  const text = `Open: ${named(found)}, known on this network with the roles ${held.join(", ")}.`;
  return { may, said: may ? text : `${text} This message is signed by ${roles.split(" ").join(" or ")}: it would be refused.` };
}

function wrong(error) {
  if (error instanceof Lie) return `Nothing was signed: the node's bytes are not what you asked for. ${error.message}.`;
  if (error instanceof Unproved) return `Nothing was signed. ${error.message}`;
  if (error instanceof KeyError || error instanceof Problem || error instanceof Unreadable) return error.message;
  tell("asked", `This page failed: ${error.message}`, true);
  throw error;
}

function forget() {
  opening++;
  key = file = null;
  at("passphrase").value = at("key-file").value = "";
  at("unlock").hidden = at("key-open").hidden = at("show").disabled = true;
  dropped();
}

at("key-file").addEventListener("change", async (event) => {
  const chosen = event.target.files[0];
  forget();
  if (!chosen) return;
  try {
    file = await read(chosen);
    if (file.sealed) {
      at("unlock").hidden = false;
      tell("key-said", `${named({ ...file, id: unhex(file.key) })} is encrypted.`);
      at("passphrase").focus();
    } else await unlocked("");
  } catch (error) { tell("key-said", wrong(error), true); }
});
at("unlock").addEventListener("submit", async (event) => {
  event.preventDefault();
  const passphrase = at("passphrase").value;
  at("passphrase").value = "";
  try { await unlocked(passphrase); } catch (error) { tell("key-said", wrong(error), true); }
});
at("forget").addEventListener("click", () => { forget(); tell("key-said", "No key is open."); at("key-file").focus(); });

// 2. The form, and what is sealed in it.

at("fill")?.addEventListener("change", async (event) => {
  const chosen = event.target.files[0];
  if (!chosen) return;
  try {
    const held = parsed(await chosen.text());
    if (held.method !== undefined && held.method !== method) throw new Error(`it is for ${held.method}`);
    const left = fillIn(form, held.args ?? held);
    tell("asked", left.length ? `Filled in, but for what this form has no field for: ${left.join(", ")}.` : "Filled in.");
  } catch (error) { tell("asked", `The file does not fit this form: ${error.message}`, true); }
  event.target.value = "";
  changed();
});

// Nothing is about to be signed, and no choice that was sealed stands anywhere in the page.
function dropped() {
  turn++;
  draft = kept = null;
  at("review").hidden = true;
  at("sentence").textContent = at("bytes").textContent = "";
  at("words").replaceChildren();
}

function changed() {
  dropped();
  check(form);
}

form.addEventListener("input", changed);
form.addEventListener("click", (event) => {
  if (event.target.matches("button.add")) {
    add(event.target.closest(".field")).querySelector("input, select, textarea")?.focus();
    changed();
  }
  if (event.target.matches("button.remove")) {
    const list = event.target.closest(".rows").closest(".field");
    event.target.closest(".row").remove();
    list.querySelector("button.add").focus();
    changed();
  }
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!key) return;
  dropped();
  const mine = turn;
  at("came").hidden = true;
  at("receipt").replaceChildren();
  withdrawn(at("kept"));
  if (request) { asking(); return; }
  tell("asked", "Asking the node for the bytes …");
  at("show").disabled = true;
  try {
    const opens = sealed ? await SEALS[sealed](form, seals, key, node) : null;
    const made = await node.draft(key, method, opens?.args ?? message(form));
    tell("asked", "");
    if (mine !== turn) return; // the form was changed meanwhile, or the key forgotten
    [kept, draft] = [opens, made];
    review();
  } catch (error) { tell("asked", wrong(error), true); } finally { at("show").disabled = !key; }
});

// 3. What is signed, from the bytes that are signed.

function words(text) { return text.replaceAll("_", " "); }

function brief(value, name) {
  if (typeof value === "string") return quoted(value);
  if (value instanceof Uint8Array && value.length > 10) return `${hex(value).slice(0, 12)}…`;
  return shown(value, name);
}

// A value of an event, as JSON has it.
function told(held, name) {
  if (held === null) return "none";
  if (typeof held === "number") return shown(BigInt(held), name);
  return visible(typeof held === "object" ? JSON.stringify(held) : String(held));
}

function rows(value, path, named = "") {
  const below = (name) => visible(path ? `${path}, ${words(name)}` : words(name));
  if (value instanceof Map && value.size) return [...value].flatMap(([name, item]) => rows(item, below(name), name));
  if (Array.isArray(value) && value.some((one) => one instanceof Map || Array.isArray(one))) {
    return value.flatMap((item, number) => rows(item, `${path} ${number + 1}`, named));
  }
  return [[path, shown(value, named)]];
}

function table(caption, pairs) {
  const made = document.createElement("table");
  made.createCaption().textContent = caption;
  const body = made.createTBody();
  for (const [name, text] of pairs) {
    const row = body.insertRow(), head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    row.append(head);
    row.insertCell().append(text instanceof HTMLElement ? text : String(text));
  }
  return made;
}

function review() {
  const { said, covered, id } = draft, [call] = said.get("calls"), args = call.get("args");
  const sentence = saying.replace(/\{(\w+)\}/g, (whole, name) => args.has(name) ? brief(args.get(name), name) : whole);
  at("sentence").textContent = kept?.sentence ?? `${key.member} ${sentence}${/[.…?!]$/.test(sentence) ? "" : "."}`;
  at("words").replaceChildren(table(kept?.caption ?? "Decoded from the bytes", [
    ["who", named(key)],
    ["message", call.get("method")],
    ...kept?.facts ?? rows(args, ""),
    ["on network", hex(said.get("network"))],
    ["sequence", said.get("sequence")],
    ["valid until", shown(said.get("expires"), "expires")],
    ["transaction", hex(id)],
  ]));
  at("bytes").textContent = hex(covered);
  at("review").hidden = false;
  at("keep").hidden = !kept?.held;
  at("sign").disabled = Boolean(kept?.held); // what cannot be opened again is not signed before it is kept
  if (kept?.held) offered(at("keep"), kept);
  at("review-title").focus();
}

// A request that is signed for, instead of a transaction: no ledger holds it, and its answer is a file.
function asking() {
  const name = message(form).get("name"), path = `${request}?name=${encodeURIComponent(name)}`;
  draft = { name, path };
  at("sentence").textContent = `${key.member} ${saying.replace("{name}", () => quoted(name))}.`;
  at("words").replaceChildren(table("A request to this node", [
    ["who", named(key)], ["what", `POST ${path}`], ["to the node of", member], ["on network", network],
  ]));
  at("bytes").textContent = "This, the time and a random number: they are made as you sign.";
  at("review").hidden = at("sign").disabled = false;
  at("review-title").focus();
}

async function answered({ name, path }) {
  const held = await node.signed(key, path);
  at("outcome").classList.add("good");
  at("outcome").textContent = `Done. Keep the file and send it to ${quoted(name)} as you would send a password.`;
  Object.assign(at("kept"), { textContent: `Keep ${name}.invite`, hidden: false });
  offered(at("kept"), { name: `${name}.invite`, held });
  at("receipt").replaceChildren(table("Invitation", [
    ["for", held.name], ["joins at", held.url], ["good until", shown(BigInt(held.expires), "expires")],
    ["there they run", `consortia join ${name}.invite`], ["then", link("admit it under Members", "/console/members")],
  ]));
}

at("keep").addEventListener("click", () => { at("sign").disabled = false; });
at("refrain").addEventListener("click", () => { dropped(); at("show").focus(); });

// A ballot that is doubted: what it was made from, for another machine to make it again. It is never cast.
at("challenge")?.addEventListener("click", () => {
  const { challenge, facts } = kept;
  dropped();
  at("came").hidden = false;
  at("outcome").className = "verdict";
  at("outcome").textContent = "Not cast, and never to be. Whether the page lied, another machine tells from the file.";
  at("receipt").replaceChildren(table("Challenged", [...facts, ["there you run", `consortia ballot check ${challenge.name}`]]));
  Object.assign(at("kept"), { textContent: `Keep ${challenge.name}`, hidden: false });
  offered(at("kept"), challenge);
  tell("final", "It must say the choice and the hash that stand here. Then vote again, above.");
  at("receipt-title").focus();
});

// 4. Signing, and what came of it.

function link(text, to) { return Object.assign(document.createElement("a"), { textContent: text, href: to }); }

async function outcome(code, detail) {
  at("outcome").classList.add("bad");
  const { meaning } = await node.meaning(code);
  at("outcome").textContent = `Refused: ${meaning}`;
  const room = code.split(".")[0];
  return [["code", link(code, `/console/rooms/${room}`)], ...(detail ? [["what it says", detail]] : [])];
}

async function came(made, opens) {
  const receipt = await node.send(key, made), id = hex(made.id);
  const good = receipt.code === "ok";
  const facts = good ? [] : await outcome(receipt.code, "");
  if (good) { at("outcome").classList.add("good"); at("outcome").textContent = "Done: it stands on the ledger."; }
  at("receipt").replaceChildren(table("Receipt", [
    ...facts,
    ["block", link(String(receipt.height), `/console/ledger/${receipt.height}`)],
    ["transaction", link(id, `/console/transactions/${id}`)],
    ["cost", receipt.cost],
    ...receipt.events.flatMap((one) => Object.entries(one.body).map(([name, held]) => [`${one.name}: ${words(name)}`, told(held, name)])),
  ]));
  const place = receipt.events.find((one) => one.name === "market.committed")?.body.place;
  at("kept").hidden = place === undefined;
  if (place !== undefined) offered(at("kept"), { ...opens, held: { ...opens.held, place } });
  tell("final", "Not final yet: the members have still to cosign it.");
  await node.final(receipt.height);
  const proof = await fetch(`/v1/proofs/transactions/${id}`);
  const seen = await verify(new Uint8Array(await proof.arrayBuffer()), network);
  const true_ = seen.ok && seen.receipt && hex(seen.receipt.transaction) === id && tells(receipt, seen.receipt);
  tell("final", true_ ? "Final: this browser checked the proof, every cosignature included."
    : `The node says that it is final, and its proof fails at step ${seen.failed ?? 6}.`, !true_);
  return true_ && good;
}

at("sign").addEventListener("click", async () => {
  const made = draft, opens = kept?.held ? kept : null, stands = kept?.stands;
  if (stands) at("sealed-choice").value = "";
  dropped(); // one press, one signature
  at("came").hidden = false;
  at("outcome").className = "verdict";
  at("outcome").textContent = request ? "Signed and sent …" : "Signed and sent: waiting for its block …";
  at("receipt").replaceChildren();
  tell("final", "");
  at("receipt-title").focus();
  try {
    const stood = await (request ? answered(made) : came(made, opens));
    if (stood && stands) {
      const found = await stands();
      tell("final", `${at("final").textContent} ${found.said}`, !found.stands);
    }
  } catch (error) {
    if (request) {
      at("outcome").classList.add("bad");
      at("outcome").textContent = wrong(error);
    } else if (error instanceof Problem && error.code) {
      at("receipt").replaceChildren(table("Not taken into a block", await outcome(error.code, error.message)));
    } else {
      const id = hex(made.id);
      const said = error instanceof Lie ? `The node's receipt is another's: ${error.message}.` : wrong(error);
      at("outcome").classList.add("bad");
      at("outcome").textContent = `${said} It was signed and sent, and may still be executed until it expires.`;
      at("receipt").replaceChildren(table("Look for it", [
        ["transaction", link(id, `/console/transactions/${id}`)], ["valid until", shown(made.said.get("expires"), "expires")],
      ]));
    }
  }
});

addEventListener("pagehide", forget);
if (sealed === "ballot") form.querySelector("[data-name=election] input").readOnly = true; // the choices are this one's
else if (sealed) { // made from what is sealed, not typed
  const made = form.querySelector(`[data-name=${seals}] input`);
  made.required = false;
  made.readOnly = true;
  made.placeholder = "made here";
}
if (form.dataset.fill) fillIn(form, JSON.parse(form.dataset.fill));
check(form);
at("key-file").disabled = false;
