"""`consortia.open`: a ledger by its home's folder, or by a node's URL."""

import os
from pathlib import Path

from consortia.base.keys import SigningKey
from consortia.node.home import Home, HomeError
from consortia.node.keys import find_key, open_key, passphrase_from
from consortia.node.tls import tls_files
from consortia.sdk.client import Client
from consortia.sdk.ledger import Ledger
from consortia.workers.vault import Vault


def open_ledger(
    target: str | Path,
    *,
    role: str = "admin",
    key: SigningKey | None = None,
    network: str = "",
    member: str = "",
    pin: str = "",
    vault: str | Path | None = None,
) -> Ledger:
    """The ledger of a home whose node runs, signing with its key of `role`; or that of a node's URL.

    At a URL `key` signs, `network` (hex) says which network is expected, `member` whose node that is, for
    which alone requests are signed, `pin` (hex) is the SHA-256 of the node's certificate, and `vault` the
    folder of own records. Raises HomeError, ConfigError, Unreachable.
    """
    text = str(target)
    if text.startswith(("http://", "https://")):
        expected = bytes.fromhex(network) if network else None
        pins = frozenset({bytes.fromhex(pin)}) if pin else frozenset[bytes]()
        client = Client(text, network=expected, member=member, key=key, pins=pins)
        return Ledger(client, client.status().member, None if vault is None else Vault(Path(vault)))
    home = Home.find(text, os.environ)
    running = home.running()
    if running is None:
        raise HomeError(f"no node runs on {home.path}; start it with `consortia up --home {home.path}`")
    signer = key or open_key(find_key(home.keys, role), lambda: passphrase_from(os.environ))
    secure = running.url.startswith("https://")
    client = Client(
        running.url,
        network=home.config(os.environ).network_id,
        member=running.member,
        key=signer,
        pins=frozenset({tls_files(home.keys).pin()}) if secure else frozenset(),
    )
    return Ledger(client, running.member, Vault(home.private))
