// The form of a message: what it says as typed values, and filling it in from a file.
// Each field says by data-kind what its value is (console/forms.py makes them).

import { unhex } from "./cbor.js";
import { Loose } from "./sign.js";

export class Unreadable extends Error {}

// What JSON says. A number that JavaScript cannot hold would be signed as another one.
export function parsed(text) {
  return JSON.parse(text, (_name, held) => {
    if (typeof held !== "number" || Number.isSafeInteger(held)) return held;
    throw new Unreadable(`${held} is no whole number up to 2^53: write it as text`);
  });
}

const inner = (held) => [...held.querySelectorAll(".field")].filter((one) => one.parentElement.closest(".field, form") === held);
const box = (field) => field.querySelector("input, select, textarea");
const given = (field) => [...field.querySelectorAll("input.given")].find((one) => one.closest(".field") === field);

const SINGLE = {
  text: (text) => text,
  choice: (text) => text,
  bytes: (text) => unhex(text),
  integer: (text) => BigInt(text),
  boolean: (text) => text === "yes",
  any: (text) => new Loose(parsed(text)),
};

function single(kind, text, field) {
  try { return SINGLE[kind](text); } catch (error) {
    throw new Unreadable(`${field.dataset.name.replaceAll("_", " ")} cannot be read: ${error.message}`);
  }
}

function value(field) {
  const { kind, item } = field.dataset, optional = "optional" in field.dataset;
  if (given(field)?.checked === false) return null;
  if (kind === "record") return message(field);
  if (kind === "action") return [new Map([["method", field.dataset.method], ["args", message(field)]])];
  if (kind === "tuple" || kind === "list") return inner(field).map(value);
  if (kind === "choices") return [...field.querySelectorAll(".inside input:checked")].map((one) => one.value);
  if (kind === "moment") {
    const moment = box(field).valueAsNumber;
    return Number.isNaN(moment) ? null : BigInt(moment);
  }
  const text = box(field).value;
  if (kind === "lines") {
    if (optional && !text.trim()) return null;
    return text.split("\n").map((one) => one.trim()).filter(Boolean).map((one) => single(item, one, field));
  }
  return optional && text === "" ? null : single(kind, text, field);
}

// What a form, or a record in it, says: a Map of typed values by name. Raises Unreadable.
export const message = (held) => new Map(inner(held).map((one) => [one.dataset.name, value(one)]));

function put(field, held) {
  const { kind } = field.dataset;
  if (given(field)) given(field).checked = held !== null;
  if (held === null) { if (!given(field)) box(field).value = ""; return; }
  if (kind === "record") fillIn(field, held);
  else if (kind === "action") fillIn(field, held[0].args);
  else if (kind === "tuple") inner(field).forEach((one, at) => put(one, held[at]));
  else if (kind === "list") {
    field.querySelector(".rows").replaceChildren();
    for (const one of held) { add(field); put(inner(field).at(-1), one); }
  } else if (kind === "choices") {
    for (const one of field.querySelectorAll(".inside input")) one.checked = held.includes(one.value);
  } else if (kind === "moment") box(field).valueAsNumber = Number(held) - Number(held) % 1000;
  else if (kind === "lines") box(field).value = held.join("\n");
  else if (kind === "any") box(field).value = JSON.stringify(held, null, 1);
  else if (kind === "boolean") box(field).value = held ? "yes" : "no";
  else box(field).value = String(held);
}

// Fill a form in: by the names of its fields, or of those within them where a name stands nowhere else.
// Gives the names that there is no field for.
export function fillIn(held, values) {
  const left = [];
  for (const [name, one] of Object.entries(values)) {
    const deeper = [...held.querySelectorAll(".field")].filter((field) => field.dataset.name === name);
    const field = inner(held).find((each) => each.dataset.name === name) ?? (deeper.length === 1 ? deeper[0] : null);
    if (field) put(field, one); else left.push(name);
  }
  return left;
}

// One row more of a list.
export function add(field) {
  const rows = field.querySelector(".rows");
  rows.append(field.querySelector("template").content.cloneNode(true));
  return rows.lastElementChild;
}

// Whether texts fit their patterns; and what does not count is disabled, so that the browser asks nothing of it.
export function check(form) {
  for (const one of form.querySelectorAll("[data-pattern]")) {
    const fits = one.value === "" || new RegExp(one.dataset.pattern).test(one.value);
    one.setCustomValidity(fits ? "" : `this does not fit ${one.dataset.pattern}`);
  }
  for (const one of form.querySelectorAll("input.given")) {
    const inside = one.closest(".field").querySelector(".inside");
    inside.hidden = !one.checked;
    for (const each of inside.querySelectorAll("input, select, textarea")) each.disabled = !one.checked;
  }
}
