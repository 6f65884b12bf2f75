// A key file of the command line, opened in the page (docs/reference/keys.md is its format).
// The secret goes from the file into the browser's own cryptography, from which it cannot be read back; where
// the browser has no Ed25519 it stays in this module's memory, and noble-ed25519 signs. It is nowhere else:
// not in the page's elements, its address, a log, or any storage.

import { getPublicKeyAsync, signAsync } from "./noble-ed25519.js";
import { concat, hex, same, unhex } from "./cbor.js";

const ROUNDS_MIN = 600_000, ROUNDS_MAX = 60_000_000, FILE_BYTES_MAX = 16_384;
const PKCS8 = unhex("302e020100300506032b657004220420"); // what stands before the seed (RFC 8410, section 7)
const SEALED = "aes-256-gcm-pbkdf2-sha256";
const FACTS = ["format", "label", "role", "member", "key", "public"];
const utf8 = (text) => new TextEncoder().encode(text);

export class KeyError extends Error {}

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

export const tagged = (tag, ...parts) => sha256(Uint8Array.of(tag.length), utf8(tag), ...parts);

// The fields of a key file that was chosen; `sealed` says whether a passphrase is wanted.
export async function read(chosen) {
  if (chosen.size > FILE_BYTES_MAX) throw new KeyError("This is no key file: it is too large.");
  let file;
  try { file = JSON.parse(await chosen.text()); } catch { throw new KeyError("This is no key file: it is not JSON."); }
  if (file?.format !== "consortia-key-1") throw new KeyError("This is no key file: its format is not consortia-key-1.");
  const digest = (text) => typeof text === "string" && /^[0-9a-f]{64}$/.test(text);
  if (!FACTS.every((name) => typeof file[name] === "string") || !digest(file.key) || !digest(file.public)) {
    throw new KeyError("This key file is damaged: a field is missing.");
  }
  if (![SEALED, "plain"].includes(file.protection)) {
    throw new KeyError(`This page cannot open a key protected by ${file.protection}: sign with the command line.`);
  }
  return { ...file, sealed: file.protection === SEALED };
}

async function unseal(file, passphrase) {
  if (!Number.isInteger(file.rounds) || file.rounds < ROUNDS_MIN || file.rounds > ROUNDS_MAX) {
    throw new KeyError(`This key file asks for ${file.rounds} rounds; at least ${ROUNDS_MIN} are wanted.`);
  }
  try {
    const start = await crypto.subtle.importKey("raw", utf8(passphrase), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt: unhex(file.salt), iterations: file.rounds };
    const key = await crypto.subtle.deriveKey(how, start, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
    const additionalData = utf8(FACTS.map((name) => file[name]).join("\n"));
    const opening = { name: "AES-GCM", iv: unhex(file.nonce), additionalData };
    return new Uint8Array(await crypto.subtle.decrypt(opening, key, unhex(file.ciphertext)));
  } catch {
    throw new KeyError("Wrong passphrase, or the file was changed.");
  }
}

function plain(file) {
  try { return unhex(String(file.seed)); } catch { throw new KeyError("This key file is damaged: its secret is no hex."); }
}

// The way to sign with a seed, whose bytes are overwritten as soon as the browser holds the key itself.
async function signer(seed) {
  const wrapped = concat(PKCS8, seed);
  try {
    const key = await crypto.subtle.importKey("pkcs8", wrapped, "Ed25519", false, ["sign"]);
    seed.fill(0);
    return async (bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, bytes));
  } catch (error) {
    if (error.name !== "NotSupportedError" && error.name !== "SyntaxError") throw error;
    return (bytes) => signAsync(bytes, seed);
  } finally {
    wrapped.fill(0);
  }
}

// The key in a file: {id, public, label, role, member, sign}. Raises KeyError.
export async function open(file, passphrase) {
  const seed = file.sealed ? await unseal(file, passphrase) : plain(file);
  if (seed.length !== 32) throw new KeyError("This key file is damaged: its secret has not 32 bytes.");
  const id = unhex(file.key), known = unhex(file.public);
  const found = await getPublicKeyAsync(seed);
  if (!same(found, known) || !same(await tagged("consortia/key", Uint8Array.of(1), found), id)) {
    throw new KeyError("The secret does not belong to the public key that the file names.");
  }
  const { label, role, member } = file;
  return { id, public: known, label, role, member, sign: await signer(seed) };
}

export const named = (key) => `${key.label} (${key.role} of ${key.member}), ${hex(key.id).slice(0, 12)}…`;
