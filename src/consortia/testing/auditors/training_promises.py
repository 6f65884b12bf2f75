"""The promises of training, read from its tables alone."""

from collections.abc import Iterator
from fractions import Fraction

from consortia.base.hashing import tagged
from consortia.testing.auditors import Entries, Plain
from consortia.testing.auditors.identity_promises import of

FORWARD = {
    "proposed": {"proposed", "running", "finished", "aborted"},
    "running": {"running", "finished", "aborted"},
    "finished": {"finished"},
    "aborted": {"aborted"},
}


def broken(before: Entries, after: Entries) -> Iterator[str]:
    """The promises that do not hold of `after`, or of the step to it."""
    yield from _studies(before, after)
    yield from _rounds(before, after)
    yield from _secrets(before, after)
    yield from _asked(before, after)
    yield from _budgets(before, after)


def exposed(sums: list[frozenset[str]]) -> set[str]:
    """Whose single vector some rational combination of these sums is; by plain elimination of fractions."""
    members = sorted(set().union(*sums))
    basis: list[list[Fraction]] = []
    for each in sums:
        row = [Fraction(name in each) for name in members]
        for other in basis:
            row = _without(row, other)
        if any(row):
            lead = next(value for value in row if value)
            row = [value / lead for value in row]
            basis = [*(_without(other, row) for other in basis), row]
    alone = [row for row in basis if sum(value != 0 for value in row) == 1]
    return {members[_leading(row)] for row in alone}


def _without(row: list[Fraction], other: list[Fraction]) -> list[Fraction]:
    """A row less so much of another that the other's leading place is empty."""
    factor = row[_leading(other)]
    return [one - factor * two for one, two in zip(row, other, strict=True)] if factor else row


def _leading(row: list[Fraction]) -> int:
    return next(place for place, value in enumerate(row) if value)


def _studies(before: Entries, after: Entries) -> Iterator[str]:
    for key, entry in of(before, "study").items():
        if of(after, "study").get(key) != entry:
            yield "a study is another than was proposed"
    for key, entry in of(before, "progress").items():
        now = of(after, "progress")[key]
        if now["status"] not in FORWARD[entry["status"]]:
            yield "a study went back"
        if now["index"] < entry["index"] or now["charged"] < entry["charged"]:
            yield "a study forgot a round or a charge"
        if now["index"] == entry["index"] and now["attempt"] < entry["attempt"]:
            yield "a study tries again what it had given up"
        if not set(entry["contributors"]) <= set(now["contributors"]):
            yield "a contributor is gone"
        same = now["index"] == entry["index"]
        if same != (now["history"] == entry["history"]):
            yield "the history is not one step a final round"
        if same and not set(entry["excluded"]) <= set(now["excluded"]):
            yield "an exclusion ended before the round did"
        if not set(now["faulted"]) <= set(now["excluded"]):
            yield "who dealt falsely is not excluded"


def _rounds(before: Entries, after: Entries) -> Iterator[str]:
    parts = of(after, "join")
    for key, this in of(after, "round").items():
        members, dealers, cohort = set(this["members"]), set(this["dealers"]), set(this["cohort"])
        masked = bool(this["keyed"]) or this["graph"] is not None
        if not set(this["keyed"]) <= members or not dealers <= set(this["keyed"]):
            yield "somebody deals who is not in the round"
        if not cohort <= (dealers if masked else members):
            yield "somebody is in the cohort who could not be"
        if this["outcome"] is not None:
            yield from _outcome(this, of(after, "result"))
        for name in members:
            until = parts[this["study"], name]["until"]
            if until is not None and until < this["index"]:
                yield "a member that left is in a later round"
        earlier = of(before, "round").get(key)
        if earlier is None:
            progress = of(before, "progress").get((this["study"],))
            same = progress is not None and progress["index"] == this["index"]
            if progress is not None and same and set(progress["excluded"]) & members:
                yield "an excluded dealer is in another try"
        elif earlier["status"] != "open" and earlier != this:
            yield "a try that is over changed"
        elif earlier["cohort"] and earlier["cohort"] != this["cohort"]:
            yield "a cohort changed"


def _outcome(this: Plain, results: dict[tuple[object, ...], Plain]) -> Iterator[str]:
    """Behind an outcome stand more than two thirds of the members, by their commitments."""
    outcome = this["outcome"]
    agree = [
        name
        for name in this["members"]
        if results.get((this["id"], name), {}).get("commitment")
        == tagged("consortia/result", this["id"] + name.encode("ascii") + outcome["sum"] + outcome["state"])
    ]
    if 3 * len(agree) <= 2 * len(this["members"]):
        yield "an outcome stands that two thirds did not commit to"


def _secrets(before: Entries, after: Entries) -> Iterator[str]:
    rounds = {this["id"]: this for this in of(after, "round").values()}
    for (id_, name), secret in of(after, "secret").items():
        assert isinstance(id_, bytes)  # noqa: S101 (the key of the table)
        if (secret["kind"] == "seed") is not (name in rounds[id_]["cohort"]):
            yield "a secret is of the kind that is to be kept"
        if name not in rounds[id_]["dealers"]:
            yield "a secret is of somebody who is no dealer"
        if of(before, "secret").get((id_, name), secret) != secret:
            yield "a secret changed"
    for table in ("dealing", "revealed", "complaint"):
        for id_, *_ in of(after, table):
            if rounds[id_]["status"] != "open" or rounds[id_]["step"] in {"commit", "open"}:
                yield "shares are kept that nobody needs"


def _asked(before: Entries, after: Entries) -> Iterator[str]:
    faulted = _faulted(before, after)
    for key, entry in of(after, "asked").items():
        earlier, now = of(before, "asked").get(key, {"cohorts": []})["cohorts"], entry["cohorts"]
        kept = [old | {"quorum": new["quorum"]} for old, new in zip(earlier, now, strict=False)]
        lower = any(old["quorum"] > new["quorum"] for old, new in zip(earlier, now, strict=False))
        if now[: len(earlier)] != kept or len(kept) < len(earlier) or lower:
            yield "a cohort that asked is forgotten"
        if now != earlier and any(_is_exposing(earlier, now, faulted, apart=each) for each in (False, True)):
            yield "somebody in the sums learns the update of a single member from them"
        if len(now) > 32:
            yield "a query was asked too often"


def _faulted(before: Entries, after: Entries) -> set[str]:
    """Who was faulted in a study whose cohort was fixed just now."""
    old = of(before, "round")
    fixed = [
        this["study"]
        for key, this in of(after, "round").items()
        if this["cohort"] and not (key in old and old[key]["cohort"])
    ]
    progress = of(before, "progress")
    return {name for study in fixed if (study,) in progress for name in progress[study,]["faulted"]}


def _is_exposing(earlier: list[Plain], cohorts: list[Plain], faulted: set[str], *, apart: bool) -> bool:
    """Whether all sums tell a member who knows its own update of one that the earlier ones did not tell.

    With `apart`, an update from other data is another one.
    """

    def sums(told: list[Plain]) -> list[frozenset[str]]:
        return [
            frozenset(
                f"{name} {data.hex()}" if apart else name
                for name, data in zip(one["members"], one["data"], strict=True)
                if name not in faulted
            )
            for one in told
        ]

    old, new = sums(earlier), sums(cohorts)
    left = [members - exposed(old) for members in new]
    return any(exposed([*left, frozenset({name})]) - {name} for name in set().union(*left))


def _budgets(before: Entries, after: Entries) -> Iterator[str]:
    for key, entry in of(before, "budget").items():
        now = of(after, "budget").get(key)
        if now is None or now["spent"] < entry["spent"]:
            yield "what was spent is forgotten"
        elif entry["limit"] is not None and (now["limit"] is None or now["limit"] > entry["limit"]):
            yield "a limit was raised"
    for entry in of(after, "budget").values():
        if entry["limit"] is not None and entry["spent"] > entry["limit"]:
            yield "more is spent than the limit"
