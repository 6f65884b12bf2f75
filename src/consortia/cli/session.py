"""A member's owner at a node: questions asked, transactions signed with the home's keys and handed in."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from consortia.app import application
from consortia.base.codec import R, Record, decode_record, encode_record
from consortia.base.keys import SigningKey
from consortia.cli.errors import refusal
from consortia.cli.output import UNCHECKED, Failure, note
from consortia.kernel.block import BLOCK_BYTES_MAX, OK, Block
from consortia.modules.identity.queries import ChangesFrom, ChangesView
from consortia.node.home import Home
from consortia.node.keys import find_keys, list_keys, open_key, passphrase_from
from consortia.node.tls import tls_files
from consortia.sdk.builder import Builder
from consortia.sdk.errors import RequestFailed, TransactionRefused
from consortia.sdk.transport import CBOR, Credentials, Transport

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (where a node on every address is reached from here)
RETRIES = 3
Change = Callable[[bytes | None], Record]
"""Makes the message of a change of the member set from the checkpoint that it must show."""


class Keyring:
    """The keys of a home; the passphrase is asked for once, and only for an encrypted one."""

    def __init__(self, home: Home, phrase: str | None = None) -> None:
        """Use the keys of `home`, with a passphrase that is known already, if it is."""
        self.home = home
        self._phrase = phrase

    def passphrase(self) -> str:
        """The passphrase of the home's keys."""
        if self._phrase is None:
            self._phrase = passphrase_from(os.environ)
        return self._phrase

    def open(self, role: str) -> SigningKey:
        """The newest key file with a role."""
        return open_key(find_keys(self.home.keys, role)[-1], self.passphrase)

    def for_roles(self, roles: Iterable[str]) -> SigningKey:
        """A key that may sign for one of `roles`: one with just that role first, else the administrator's."""
        wanted = set(roles)
        have = [info.role for info in list_keys(self.home.keys)]
        fitting = [role for role in have if role in wanted and role != "admin"]
        return self.open(fitting[0] if fitting and "admin" not in wanted else "admin")


class Session:
    """A connection to one node, and the keys of the home that speaks."""

    def __init__(self, transport: Transport, network: bytes, member: str, keyring: Keyring | None) -> None:
        self.transport, self.network, self.member, self.keyring = transport, network, member, keyring
        self.app = application()

    def ask(self, name: str, arguments: Record, kind: type[R]) -> R:
        """A query's answer; raises LedgerError."""
        module, _, query = name.partition(".")
        headers = {"Content-Type": CBOR, "Accept": CBOR}
        body = encode_record(arguments)
        answer = self.transport.request("POST", f"/v1/query/{module}/{query}", body, headers)
        return decode_record(kind, answer.expect(200).body)

    def status(self) -> dict[str, Any]:
        """Where the node stands, as it says itself."""
        return self.transport.get("/v1/status").expect(200).json(dict)

    def submit(self, *records: Record, key: SigningKey | None = None) -> dict[str, Any]:
        """Sign, hand in and wait for the durable receipt; raises Failure with the code of a refusal."""
        if key is None:
            if self.keyring is None:
                raise Failure("this needs a home with keys", "--home DIR")
            methods = [self.app.methods[self.app.messages[type(record)]].method for record in records]
            key = self.keyring.for_roles(frozenset.intersection(*[method.roles for method in methods]))
        builder = Builder(self.app, self.network, key, self._next)
        raw, transaction = builder.sign(*records)
        answer = self.transport.post("/v1/transactions?wait=receipt", raw, timeout=45.0).expect(200, 202)
        if answer.status == 202:
            text = f"no block has taken in transaction {transaction.hex()} yet"
            raise Failure(text, "consortia status shows whether the orderer is reached", code=UNCHECKED)
        receipt: dict[str, Any] = answer.json(dict)
        if receipt["code"] != OK:
            raise refusal(receipt["code"], "")
        return receipt

    def change(self, make: Change, *, key: SigningKey | None = None) -> dict[str, Any]:
        """Hand in a change of the member set, under the checkpoint that the last change became final by.

        Tried again when another change came first.
        """
        for attempt in range(RETRIES):
            try:
                return self.submit(make(self.last_change()), key=key)
            except (Failure, TransactionRefused) as error:
                if "identity.checkpoint_" not in str(error) or attempt + 1 == RETRIES:
                    raise
                note("The member set changed meanwhile; trying again ...")
        raise Failure("the member set changes all the time", "the same again")

    def last_change(self) -> bytes | None:
        """The final checkpoint that ends with the block of the last change of the member set; None if none.

        Raises Failure (3) while it is not final.
        """
        found = self.ask("identity.set_changes", ChangesFrom(0), ChangesView)
        total = found.total
        if total <= 1:
            return None
        last = self.ask("identity.set_changes", ChangesFrom(total - 1), ChangesView).changes[0]
        answer = self.transport.request("GET", f"/v1/blocks/{last.height}", b"", {"Accept": CBOR})
        block = decode_record(Block, answer.expect(200).body, size_max=BLOCK_BYTES_MAX)
        size = last.first_leaf + len(block.transactions) + 1
        try:
            return self.transport.get(f"/v1/checkpoint?size={size}").expect(200).body
        except RequestFailed as error:
            if error.status != 404:
                raise
            raise NotFinalYet(size) from None

    def close(self) -> None:
        """Close the connection."""
        self.transport.close()

    def _next(self, key: bytes, lane: int) -> int:
        found = self.transport.get(f"/v1/sequences/{key.hex()}/{lane}").expect(200).json(dict)
        return int(found["next"])


class NotFinalYet(Failure):
    """The last change of the member set waits for cosignatures."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the last change of the member set, at log size {size}, is not final yet",
            "see that the members' nodes run (consortia status), then the same again",
            code=UNCHECKED,
        )


def at_home(path: Path | None) -> Session:
    """A session with the running node of a home; raises HomeError, ConfigError, Failure."""
    home = Home.find(path, os.environ)
    config = home.config(os.environ)
    running = home.running()
    if running is None:
        raise Failure(f"no node runs on {home.path}", f"consortia up --home {home.path}", code=UNCHECKED)
    credentials = Credentials(token=home.token())
    transport = Transport(near(running.url), credentials, pins=own_pins(home, running.url))
    return Session(transport, config.network_id, config.member, Keyring(home))


def at_url(url: str, keyring: Keyring, *, pins: frozenset[bytes] = frozenset()) -> Session:
    """A session with another member's node, its requests signed by the home's administrator."""
    config = keyring.home.config(os.environ)
    credentials = Credentials(key=keyring.open("admin"), network=config.network_id)
    return Session(Transport(url, credentials, pins=pins), config.network_id, config.member, keyring)


def near(url: str) -> str:
    """The address of a node of this machine that listens everywhere."""
    parts = urlsplit(url)
    host = EVERYWHERE.get(parts.hostname or "", parts.hostname or "")
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{shown}:{parts.port}"))


def own_pins(home: Home, url: str) -> frozenset[bytes]:
    """The pin of a home's own certificate, where its node speaks TLS."""
    return frozenset({tls_files(home.keys).pin()}) if url.startswith("https://") else frozenset()
