"""Key files: one JSON file a key, encrypted so that a browser can open it too.

AES-256-GCM under a key from PBKDF2-HMAC-SHA256 with 600,000 rounds (both in WebCrypto); the file's public
facts are authenticated with it. `docs/reference/keys.md` is the format. A plain key says in the file that
it is plain: for demonstrations only.
"""

import getpass
import os
import sys
from collections.abc import Callable, Mapping
from hashlib import pbkdf2_hmac
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta

from consortia.base.ids import is_name
from consortia.base.keys import SigningKey
from consortia.node.home import write_private

ROUNDS = 600_000
SUFFIX = ".key.json"
PLAIN = "This key is not encrypted: anyone who reads this file can sign with it. For demonstrations only."
CREDENTIAL = "consortia-passphrase"
"""The name of the systemd credential that holds the passphrase."""

Hex32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Passphrase = Callable[[], str]
"""Asked when a passphrase is needed, and not before."""


class KeyFileError(ValueError):
    """A key file that cannot be opened or made; the text names the file and what is wrong."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What stands in a key file."""

    format: Literal["consortia-key-1"]
    label: str
    role: str
    member: str
    key: Hex32
    public: Hex32
    protection: Literal["aes-256-gcm-pbkdf2-sha256", "plain"]
    rounds: int = 0
    salt: str = ""
    nonce: str = ""
    ciphertext: str = ""
    seed: str = ""
    warning: str = ""


class KeyInfo(msgspec.Struct, frozen=True):
    """The public facts of a key file: `key` and `public` in hex, and whether it is plain."""

    label: str
    role: str
    member: str
    key: Hex32
    public: Hex32
    plain: bool


def save_key(
    folder: Path, key: SigningKey, passphrase: str | None, *, label: str, role: str, member: str
) -> Path:
    """Write a key to `folder`; without a passphrase it is plain. Raises KeyFileError when the file exists."""
    if not is_name(label):
        raise KeyFileError(f"a key's label is 1 to 32 of a-z, 0-9 and -, not {label!r}")
    path = folder / f"{label}{SUFFIX}"
    if path.exists():
        raise KeyFileError(f"{path} exists; a key file is never overwritten")
    facts = {
        "format": "consortia-key-1",
        "label": label,
        "role": role,
        "member": member,
        "key": key.key_id.hex(),
        "public": key.public.hex(),
    }
    if passphrase is None:
        facts |= {"protection": "plain", "warning": PLAIN, "seed": key.seed.hex()}
        content = msgspec.convert(facts, _File)
    else:
        sealed = _File(**facts, protection="aes-256-gcm-pbkdf2-sha256", rounds=ROUNDS)  # type: ignore[arg-type]
        content = _seal(sealed, key.seed, passphrase)
    write_private(path, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
    return path


def open_key(path: Path, passphrase: Passphrase) -> SigningKey:
    """The key in a file; `passphrase` is asked only for an encrypted one. Raises KeyFileError."""
    file = _read(path)
    seed = _plain(path, file) if file.protection == "plain" else _unseal(path, file, passphrase())
    key = SigningKey(seed)
    if (key.key_id.hex(), key.public.hex()) != (file.key, file.public):
        raise KeyFileError(f"{path}: the secret does not belong to the public key that the file names")
    return key


def key_info(path: Path) -> KeyInfo:
    """The public facts of a key file; raises KeyFileError."""
    file = _read(path)
    return KeyInfo(file.label, file.role, file.member, file.key, file.public, file.protection == "plain")


def list_keys(folder: Path) -> list[KeyInfo]:
    """The public facts of every key file in a folder, by label."""
    return [key_info(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]


def find_key(folder: Path, role: str) -> Path:
    """The first key file with a role; raises KeyFileError naming those that there are."""
    return find_keys(folder, role)[0]


def find_keys(folder: Path, role: str) -> list[Path]:
    """All key files with a role, by label; raises KeyFileError when there is none."""
    found = list_keys(folder)
    paths = [folder / f"{info.label}{SUFFIX}" for info in found if info.role == role]
    if paths:
        return paths
    there = ", ".join(f"{info.label} ({info.role})" for info in found) or "none"
    raise KeyFileError(f"{folder} has no key of the role {role}; it has: {there}")


def passphrase_from(environment: Mapping[str, str], *, confirm: bool = False, ask: bool = True) -> str:
    """The passphrase: CONSORTIA_PASSPHRASE_FILE, else a systemd credential, else, with `ask`, the prompt.

    Raises KeyFileError when none of them can give one.
    """
    named = environment.get("CONSORTIA_PASSPHRASE_FILE")
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    path = Path(named) if named else Path(credentials, CREDENTIAL) if credentials else None
    if path is not None and (named or path.exists()):
        try:
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise KeyFileError(f"the passphrase file {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise KeyFileError(f"the passphrase file {path} is no UTF-8 text") from None
        if not text:
            raise KeyFileError(f"the passphrase file {path} is empty")
        return text
    if not ask or not sys.stdin.isatty():
        raise KeyFileError(
            "a passphrase is needed and there is nobody to ask: set CONSORTIA_PASSPHRASE_FILE to a file"
        )
    text = getpass.getpass("Passphrase of this home's keys: ")
    if confirm and getpass.getpass("The same again: ") != text:
        raise KeyFileError("the two passphrases differ")
    if not text:
        raise KeyFileError("an empty passphrase protects nothing")
    return text


def _read(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        raise KeyFileError(f"there is no key file {path}") from None
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise KeyFileError(f"{path} is no key file: {error}") from None


def _associated(file: _File) -> bytes:
    """What the encryption authenticates beside the secret: the file's public facts, one a line."""
    return f"{file.format}\n{file.label}\n{file.role}\n{file.member}\n{file.key}\n{file.public}".encode()


def _derive(passphrase: str, salt: bytes, rounds: int) -> bytes:
    return pbkdf2_hmac("sha256", passphrase.encode("utf-8"), salt, rounds, 32)


def _seal(file: _File, seed: bytes, passphrase: str) -> _File:
    salt, nonce = os.urandom(16), os.urandom(12)
    secret = AESGCM(_derive(passphrase, salt, file.rounds)).encrypt(nonce, seed, _associated(file))
    return msgspec.structs.replace(file, salt=salt.hex(), nonce=nonce.hex(), ciphertext=secret.hex())


def _plain(path: Path, file: _File) -> bytes:
    try:
        return SigningKey(bytes.fromhex(file.seed)).seed
    except ValueError:
        raise KeyFileError(f"{path} is no key file: its secret is not 32 bytes in hex") from None


def _unseal(path: Path, file: _File, passphrase: str) -> bytes:
    if not ROUNDS <= file.rounds <= 100 * ROUNDS:
        raise KeyFileError(f"{path}: {file.rounds} rounds, at least {ROUNDS} are wanted")
    try:
        parts = (bytes.fromhex(file.salt), bytes.fromhex(file.nonce), bytes.fromhex(file.ciphertext))
        cipher = AESGCM(_derive(passphrase, parts[0], file.rounds))
        return cipher.decrypt(parts[1], parts[2], _associated(file))
    except (InvalidTag, ValueError):
        raise KeyFileError(f"{path}: wrong passphrase, or the file was changed") from None
