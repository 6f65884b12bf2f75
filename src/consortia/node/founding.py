"""Founding: keys, genesis and homes of a new network, and the keys that a joiner brings.

A member has four key files to begin with: `node` (cosigns, TLS requests), `worker` (its share of the work),
`admin` (an officer with every office, to be split later) and `recovery` (to be taken offline).
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortia.app import application
from consortia.base.codec import encode_record, to_value
from consortia.base.keys import SigningKey
from consortia.kernel.genesis import DEFAULT_LIMITS, PROTOCOL_VERSION, Genesis
from consortia.modules.governance.charters import default_charter
from consortia.modules.governance.types import Charter, GovernanceGenesis
from consortia.modules.identity.messages import NewKey
from consortia.modules.identity.rules import FULL_QUOTA, possession_message
from consortia.modules.identity.types import Founder, IdentityGenesis, KeySpec, Role
from consortia.node.config import Config
from consortia.node.home import Home
from consortia.node.keys import save_key

OFFICES: tuple[tuple[str, tuple[Role, ...]], ...] = (
    ("admin", ("admin", "analyst", "approver", "operator", "trustee")),
    ("node", ("node",)),
    ("recovery", ("recovery",)),
    ("worker", ("worker",)),
)
"""The key files of a new member: label, and roles in alphabetical order."""

VOTING: tuple[str, tuple[Role, ...]] = ("consensus", ("consensus",))
"""The key file that a member has besides where CometBFT orders the blocks."""


@dataclass(frozen=True, slots=True)
class MemberKeys:
    """The keys of one member, by label."""

    member: str
    keys: Mapping[str, SigningKey]

    @classmethod
    def generate(cls, member: str, driver: str = "embedded") -> "MemberKeys":
        """Fresh random keys for every office; with one that votes, where the driver is `cometbft`."""
        offices = [*OFFICES, VOTING] if driver == "cometbft" else OFFICES
        return cls(member, {label: SigningKey(os.urandom(32)) for label, _ in offices})

    def offices(self) -> list[tuple[str, tuple[Role, ...]]]:
        """The labels of the keys that there are, with their roles, in alphabetical order."""
        return sorted((label, roles) for label, roles in (*OFFICES, VOTING) if label in self.keys)

    def specs(self) -> tuple[KeySpec, ...]:
        """The keys as the ledger will know them."""
        return tuple(KeySpec(self.keys[label].public, roles, label) for label, roles in self.offices())

    def founder(self, title: str) -> Founder:
        """The member as a genesis names it."""
        return Founder(self.member, title, self.specs(), FULL_QUOTA)

    def proven(self, network: bytes) -> tuple[NewKey, ...]:
        """The keys with the proofs that their owner holds them, as a joiner posts them."""
        specs = self.specs()
        claim = possession_message(network, self.member, specs)
        return tuple(
            NewKey(spec.public, spec.roles, spec.label, self.keys[spec.label].sign(claim)) for spec in specs
        )

    def save(self, home: Home, passphrase: str | None) -> None:
        """Write the key files to a home; plain without a passphrase. Raises KeyFileError."""
        for label, roles in self.offices():
            role = label if label in roles else roles[0]
            save_key(home.keys, self.keys[label], passphrase, label=label, role=role, member=self.member)


def make_genesis(name: str, founders: Sequence[Founder], now: int, charter: Charter | None = None) -> Genesis:
    """The genesis of a new network called `name`, at UTC milliseconds `now`; the usual charter by default."""
    identity = IdentityGenesis(tuple(sorted(founders, key=lambda one: one.name)), FULL_QUOTA)
    app = application()
    state: dict[str, dict[str, Any]] = {
        module.name: {} for module in app.modules if module.genesis is not None
    }
    state["identity"] = to_value(identity)
    law = default_charter(one.name for one in founders) if charter is None else charter
    state["governance"] = to_value(GovernanceGenesis(law))
    return Genesis(PROTOCOL_VERSION, name, now, DEFAULT_LIMITS, app.versions(), state)


def found(
    folder: Path,
    name: str,
    members: Sequence[str],
    now: int,
    *,
    charter: Charter | None = None,
    each: Mapping[str, Mapping[str, object]] | None = None,
    **settings: object,
) -> list[Home]:
    """Homes with plain keys for a whole network on one machine; the first member's node orders, if one does.

    `charter` is the first one, the usual by default. `settings` go to every home, those of `each` to that of
    one member. The others' `orderer_url` is written once the first node listens.
    """
    driver = str(settings.get("driver", "embedded"))
    keys = [MemberKeys.generate(member, driver) for member in members]
    genesis = make_genesis(name, [one.founder(one.member) for one in keys], now, charter)
    network = genesis.network().hex()
    homes = []
    for one in keys:
        own = {**settings, **(each or {}).get(one.member, {})}
        config = Config(member=one.member, network=network, orderer=members[0], **own)  # type: ignore[arg-type]
        home = Home.create(folder / one.member, config, encode_record(genesis))
        one.save(home, None)
        homes.append(home)
    return homes
