// What the ledger gets sealed alone: made here, with a salt or nonces of this browser's.

import { encode, hex, unhex } from "./cbor.js";
import { fillIn } from "./forms.js";
import { tagged } from "./keys.js";

const at = (id) => document.getElementById(id);
const salted = () => crypto.getRandomValues(new Uint8Array(32));

// Each seals what the form holds beside its fields. The first two fill the field in, and give the file to keep:
// {name, held}. The third gives what to send and to say, as nobody keeps what opens a ballot.
export const SEALS = {
  // H("consortia/record", salt | text): what `consortia alert answer` makes.
  async record(form, field) {
    const text = at("sealed-text").value, salt = salted();
    fillIn(form, { [field]: hex(await tagged("consortia/record", salt, new TextEncoder().encode(text))) });
    return { name: `${field}-${hex(salt).slice(0, 8)}.json`, held: { salt: hex(salt), text } };
  },

  // H("consortia/market/order", encoding of a Sealing), which this key alone can open.
  async order(form, target, key, node) {
    const side = at("sealed-side").value, salt = salted();
    const [limit, quantity] = ["sealed-limit", "sealed-quantity"].map((id) => BigInt(at(id).value));
    const field = (name) => form.querySelector(`[data-name=${name}] input`).value;
    const market = field("market"), auction = BigInt(field("auction"));
    const sealing = new Map([
      ["network", node.network], ["market", unhex(market)], ["auction", auction], ["key", key.id], ["salt", salt],
      ["order", new Map([["side", side], ["limit", limit], ["quantity", quantity]])],
    ]);
    fillIn(form, { [target]: hex(await tagged("consortia/market/order", encode(sealing))) });
    const held = { market, auction: Number(auction), place: -1, salt: hex(salt), side, limit: Number(limit), quantity: Number(quantity) };
    return { name: `order-${market.slice(0, 16)}-${auction}-${hex(salt).slice(0, 16)}.json`, held };
  },

  // The record of `consortia ballot cast`: an encrypted choice with its proofs.
  async ballot(form, _field, key, node) {
    const { sealedBallot } = await import("./ballot.js");
    return sealedBallot(form, key, node);
  },
};

// Take back what was offered.
export function withdrawn(link) {
  URL.revokeObjectURL(link.href);
  link.removeAttribute("href");
  link.hidden = true;
}

// Offer a file to keep, made in the page: nothing of it is sent.
export function offered(link, { name, held }) {
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([JSON.stringify(held)], { type: "application/json" }));
  link.download = name;
}
