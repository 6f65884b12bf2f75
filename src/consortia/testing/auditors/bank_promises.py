"""The promises of the bank, read from its tables alone."""

from collections import Counter
from collections.abc import Iterator

from consortia.testing.auditors import Entries
from consortia.testing.auditors.identity_promises import of

FIXED = ("id", "issuer", "code", "title", "decimals", "rule", "cap", "height", "time")


def broken(before: Entries, after: Entries) -> Iterator[str]:
    """The promises that do not hold of `after`, or of the step to it."""
    yield from _conserved(after)
    yield from _units(before, after)
    yield from _escrows(before, after)


def _conserved(after: Entries) -> Iterator[str]:
    total, waiting = Counter[bytes](), Counter[bytes]()
    for key, entry in of(after, "balances").items():
        unit = bytes(key[2])  # type: ignore[call-overload]
        if not 0 < entry["amount"] < 2**63:
            yield "an account holds nothing, or what no account can hold"
        total[unit] += entry["amount"]
    supplies = {key[0]: unit["supply"] for key, unit in of(after, "units").items() if unit["supply"]}
    if total != supplies:
        yield "value came out of nothing, or went into it"
    for escrow in of(after, "escrows").values():
        if escrow["status"] == "open":
            waiting[escrow["unit"]] += escrow["amount"]
    vault = {
        key[2]: entry["amount"]
        for key, entry in of(after, "balances").items()
        if key[:2] == ("bank:", "vault")
    }
    if vault != waiting:
        yield "the vault does not hold just what waits"


def _units(before: Entries, after: Entries) -> Iterator[str]:
    for key, unit in of(before, "units").items():
        now = of(after, "units").get(key)
        if now is None or any(now[name] != unit[name] for name in FIXED):
            yield "a unit is gone, or another"
        elif unit["rule"] == "fixed" and now["supply"] != unit["supply"]:
            yield "there is more or less of a fixed unit"
    for unit in of(after, "units").values():
        if unit["cap"] is not None and unit["supply"] > unit["cap"]:
            yield "there is more of a unit than its cap"


def _escrows(before: Entries, after: Entries) -> Iterator[str]:
    for key, escrow in of(before, "escrows").items():
        now = of(after, "escrows").get(key)
        if now is None or any(
            now[name] != escrow[name] for name in escrow if name not in {"held", "approvals", "status"}
        ):
            yield "an escrow is gone, or another"
        elif escrow["status"] != "open" and now != escrow:
            yield "an escrow was opened again"
        elif escrow["held"] and not now["held"] and len(set(now["approvals"])) < 2:
            yield "what was held went without two officers"
