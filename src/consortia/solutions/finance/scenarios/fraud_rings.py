"""The ring of the story: large transfers of five banks under pseudonyms, and what each bank sees alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consortia.solutions.finance.fraud.arrivals import receive
from consortia.solutions.finance.fraud.week import BANKS
from consortia.solutions.finance.rings import links
from consortia.solutions.finance.rings.laundering import Ring, Transfer, World
from consortia.solutions.finance.rings.rules import Suspect, suspects
from consortia.solutions.finance.scenarios.fraud_bureau import Bureau
from consortia.solutions.story import StoryFailed


@dataclass(frozen=True, slots=True)
class Found:
    """What all banks together find of rings over several banks, and each alone, at equal alerts; one ring.

    `accounts` of the ring that is shown are at `banks`; the best single bank names `seen_alone` of them.
    """

    together: float
    alone: Mapping[str, float]
    typology: str
    accounts: int
    banks: tuple[str, ...]
    seen_alone: int

    def facts(self) -> dict[str, Any]:
        """As the story's object has it."""
        return {
            "typology": self.typology,
            "accounts": self.accounts,
            "banks": list(self.banks),
            "seen_by_the_best_bank_alone": self.seen_alone,
        }


def look(bureau: Bureau) -> Found:
    """Each bank reads its large transfers; blinded, they are laid side by side; rules name accounts."""
    stage, world = bureau.stage, bureau.weeks.transfers
    seen: dict[str, list[Transfer]] = {}
    for bank in BANKS:
        path = stage.folder / "payments" / f"{bank}-transfers.xml"
        links.send(path, bank, world, BANKS)
        seen[bank] = links.transfers_in(receive(path))
    names = links.pseudonyms(stage.network, seen)
    together = links.side_by_side(seen, names)
    stage.line(
        f"{len(together):,} large transfers of a month, from pacs.008 files; "
        f"{sum(map(len, names.values())):,} accounts blinded by all five banks in turn"
    )
    found = _found(world, seen, names, suspects(together))
    others = "none" if not found.seen_alone else f"at most {found.seen_alone}"
    stage.catch(
        f"a {found.typology} of {found.accounts} accounts at {', '.join(found.banks)}",
        "all banks together",
        f"its rule names all {found.accounts}; a bank alone names {others} of them by it",
        word="found",
    )
    return found


def _found(
    world: World,
    seen: Mapping[str, Sequence[Transfer]],
    names: Mapping[str, Mapping[bytes, bytes]],
    together: Sequence[Suspect],
) -> Found:
    """The share of accounts found, and the ring over most banks' heads."""
    number = {account: links.number_of(account, bank, BANKS) for account, bank in world.bank_of.items()}
    pseudonym = {account: point for each in names.values() for account, point in each.items()}
    alone = {bank: suspects(rows) for bank, rows in seen.items()}
    rings = [_Ring(ring, [number[one] for one in ring.accounts], world) for ring in world.rings]
    crossing = {account for ring in rings if not ring.control for account in ring.accounts}
    alerts = len({account for ring in rings for account in ring.accounts})
    ours = {one.account for one in together[:alerts]}
    named = [
        (
            all(pseudonym[account] in ring.named(together) for account in ring.accounts),
            -max(len(ring.named(rows) & set(ring.accounts)) for rows in alone.values()),
            -len(ring.banks),
            at,
        )
        for at, ring in enumerate(rings)
        if not ring.control
    ]
    whole, minus, _, at = max(named)
    if not whole or -minus * 2 > len(rings[at].accounts):
        raise StoryFailed("no ring was found that no bank sees alone: use another --seed")
    chosen = rings[at]
    return Found(
        sum(pseudonym[account] in ours for account in crossing) / len(crossing),
        {
            f"{bank} alone": len({one.account for one in rows[:alerts]} & crossing) / len(crossing)
            for bank, rows in alone.items()
        },
        chosen.typology,
        len(chosen.accounts),
        chosen.banks,
        -minus,
    )


class _Ring:
    """A made-up ring by account numbers."""

    def __init__(self, ring: Ring, accounts: list[bytes], world: World) -> None:
        self.typology, self.control, self.accounts = ring.typology, ring.control, accounts
        self.banks = tuple(sorted({world.bank_of[account] for account in ring.accounts}))

    def named(self, found: Sequence[Suspect]) -> set[bytes]:
        """The accounts or pseudonyms that this ring's rule names."""
        return {one.account for one in found if self.typology in one.reasons}
