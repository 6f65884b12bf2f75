"""Invitations: one file with which an organisation finds the network, and a token that opens its door once.

The file carries the network's hash and genesis, where the inviting node is, the pin of its certificate, and a
one-time token. The joiner's node posts what it wants to be: its name, its keys with proofs of possession,
its address and certificate. The inviting member's officers then propose it to the others.
"""

import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from consortia.base.codec import Record, Text80, encode_record
from consortia.base.hashing import sha256
from consortia.base.ids import is_name, network_id
from consortia.modules.identity.messages import NewKeys
from consortia.modules.identity.types import Certificate, Url
from consortia.node.home import write_private

TOKEN_BYTES = 24
VALID_SECONDS = 7 * 24 * 3600
FILE = "invitations.json"


class InviteError(ValueError):
    """An invitation that cannot be made, read or used; the text says why."""


class Invite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The invite file, as JSON: `genesis` in hex, `pin` of the server's certificate in hex or empty.

    `driver` is how blocks are ordered; `peer` where the inviter's CometBFT is reached (id@host:port).
    """

    format: Literal["consortia-invite-1"]
    network: str
    genesis: str
    name: str
    inviter: str
    url: str
    pin: str
    token: str
    expires: int
    driver: Literal["embedded", "cometbft"] = "embedded"
    peer: str = ""


class JoinRequest(Record, frozen=True):
    """What a joiner posts: its name and title, its keys with proofs, its address and certificate."""

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$")]
    title: Text80
    keys: NewKeys
    url: Url | None
    certificate: Certificate | None


class _Open(msgspec.Struct):
    """An invitation given out: a hash of its token, for whom, until when; whether it was used."""

    token: str
    name: str
    expires: int
    used: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where the inviting node is: its member's name, its URL, the pin of its certificate or nothing.

    `peer` is where its CometBFT is reached; empty where it has none.
    """

    inviter: str
    url: str
    pin: bytes
    peer: str = ""


class Invitations:
    """The invitations that one home has given out, kept in a file of it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._joining = folder / "joining"

    def invite(self, genesis: bytes, name: str, place: Place, now: int) -> Invite:
        """A new invitation for the organisation `name`, valid for a week from `now`; raises InviteError."""
        if not is_name(name):
            raise InviteError(f"a member's name is 1 to 32 of a-z, 0-9 and -, not {name!r}")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        expires = now + VALID_SECONDS * 1000
        kept = [one for one in self._load() if one.expires >= now]
        kept.append(_Open(sha256(token.encode()).hex(), name, expires, used=False))
        write_private(self._path, msgspec.json.encode(kept))
        return Invite(
            "consortia-invite-1",
            network_id(genesis).hex(),
            genesis.hex(),
            name,
            place.inviter,
            place.url,
            place.pin.hex(),
            token,
            expires,
            "cometbft" if place.peer else "embedded",
            place.peer,
        )

    def redeem(self, token: str, request: JoinRequest, now: int) -> None:
        """Keep what a joiner posts, once; the same again changes nothing. Raises InviteError."""
        hashed = sha256(token.encode()).hex()
        kept = self._load()
        found = next((one for one in kept if hmac.compare_digest(one.token, hashed)), None)
        if found is None or found.name != request.name:
            raise InviteError(f"this token invites nobody of the name {request.name}")
        if found.expires < now:
            raise InviteError("the invitation has expired; ask for a new one")
        posted = encode_record(request)
        path = self._joining / f"{request.name}.cbor"
        if found.used:
            if path.exists() and path.read_bytes() == posted:
                return
            raise InviteError("the invitation was used before")
        found.used = True
        self._joining.mkdir(mode=0o700, exist_ok=True)
        write_private(path, posted)
        write_private(self._path, msgspec.json.encode(kept))

    def joining(self) -> list[Path]:
        """The files of those who posted and wait to be proposed."""
        return sorted(self._joining.glob("*.cbor"))

    def _load(self) -> list[_Open]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[_Open])
        except FileNotFoundError:
            return []


def read_invite(path: Path) -> Invite:
    """The invite in a file, whose genesis is the network's; raises InviteError."""
    try:
        invite = msgspec.json.decode(path.read_bytes(), type=Invite)
        genesis = bytes.fromhex(invite.genesis)
    except FileNotFoundError:
        raise InviteError(f"there is no file {path}") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise InviteError(f"{path} is no invite: {error}") from None
    if network_id(genesis).hex() != invite.network:
        raise InviteError(f"{path}: the genesis in it is not that of network {invite.network}")
    return invite
