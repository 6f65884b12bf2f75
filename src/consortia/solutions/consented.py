"""What pages show of people's records under consent: data sets, consent by purpose, and every access."""

from collections.abc import Iterable

from consortia.base.ids import digest_from_hex
from consortia.sdk import overview
from consortia.sdk.access import Way
from consortia.sdk.overview import Asset, Use
from consortia.sdk.paging import PAGE
from consortia.solutions.views import Cell, Link, Moment, Table

NEWEST = 50
"""So many of the newest accesses to each data set are shown."""


def about(way: Way, purposes: frozenset[str]) -> list[Asset]:
    """The data sets that may be used for any of these purposes, or were read by a study for one."""
    used = {
        part.part.dataset
        for item in overview.studies(way, purposes)
        for part in overview.study(way, item.id).parts
    }
    return [
        one
        for one in overview.datasets(way)
        if one.id in used or not purposes.isdisjoint(overview.purposes(one))
    ]


def whole(way: Way, purposes: frozenset[str]) -> tuple[Table, ...]:
    """All of it for these purposes: data sets, consent, studies, accesses."""
    found = about(way, purposes)
    return shared(way, found), by_purpose(way, found), read_by(way, purposes), accesses(way, found)


def shared(way: Way, found: Iterable[Asset]) -> Table:
    """Data sets, how many people are in them, and whether they are read by consent alone."""
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        scope = overview.scope(way, one.id)
        rows.append(
            (
                Link(one.title or one.name, f"/console/assets/{one.id.hex()}"),
                Link(one.owner, f"/console/members/{one.owner}"),
                one.version,
                None if scope is None else Moment(scope.since),
                None if scope is None else scope.uses,
            )
        )
    heads = ("data set", "owner", "version", "by consent alone since", "accesses")
    return Table("Data sets", heads, tuple(rows), "Salted hashes are on the ledger; the records are not.")


def by_purpose(way: Way, found: Iterable[Asset]) -> Table:
    """For each data set under consent and each purpose: how many people it is shown for, and till when."""
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        if overview.scope(way, one.id) is None:
            continue
        for purpose in overview.purposes(one):
            if purpose == "*":
                continue
            seen = overview.covered(way, one, purpose)
            rows.append(
                (
                    Link(f"{one.owner}/{one.name}", f"/console/assets/{one.id.hex()}"),
                    purpose,
                    None if seen.cover is None else seen.cover.people,
                    "may be read" if seen.allowed else "may not be read",
                    None if seen.cover is None else Moment(seen.cover.until),
                )
            )
    heads = ("data set", "purpose", "people who consent", "now", "until")
    return Table(
        "Consent by purpose",
        heads,
        tuple(rows),
        "Shown for everybody in the newest version, or it is not read.",
    )


def accesses(way: Way, found: Iterable[Asset], subject: bytes | None = None) -> Table:
    """Who asked for whose records and for what, newest first; of one person where one is named."""
    log = [
        (one, place, use)
        for one in found
        for place, use in overview.uses(way, one.id, NEWEST if subject is None else PAGE)
        if subject is None or use.subject == subject
    ]
    log.sort(key=lambda each: (-each[2].height, each[0].id, each[1]))
    rows = tuple(
        (
            Moment(use.time),
            use.member,
            "an emergency" if use.purpose is None else use.purpose,
            Link(f"{one.owner}/{one.name}", f"/console/assets/{one.id.hex()}"),
            use.subject.hex(),
            _judged(use),
        )
        for one, place, use in log
    )
    heads = ("when", "who", "for", "data set", "person's key", "reviewed")
    note = (
        "What was asked for is a salted hash; the owner has its words." if rows else "Nobody has asked yet."
    )
    return Table("Accesses", heads, rows, note)


def _judged(use: Use) -> str | None:
    if use.purpose is not None:
        return None
    return {None: "not yet", True: "justified", False: "not justified"}[use.justified]


def one_person(way: Way, found: Iterable[Asset], words: str) -> tuple[Table, ...]:
    """What a person agreed to and who used its records, by the key on its slip.

    Raises ValueError for words that are no key.
    """
    subject = digest_from_hex(words)
    if subject is None:
        raise ValueError("a person's key is 64 hex digits; it stands on the slip that the person was handed")
    known = list(found)
    rows: list[tuple[Cell, ...]] = []
    for one in known:
        for each in overview.consents(way, one.id, subject):
            ended = each.consent.withdrawn
            rows.append(
                (
                    Link(f"{one.owner}/{one.name}", f"/console/assets/{one.id.hex()}"),
                    each.purpose,
                    "stands" if each.stands else "withdrawn" if ended is not None else "expired",
                    Moment(each.consent.since),
                    Moment(each.consent.expires if ended is None else ended),
                )
            )
    heads = ("data set", "purpose", "consent", "since", "until")
    agreed = Table(
        "What this person agreed to", heads, tuple(rows), "Whose key this is, the ledger does not know."
    )
    return agreed, accesses(way, known, subject)


def read_by(way: Way, purposes: frozenset[str]) -> Table:
    """The studies for these purposes, and which version of whose data set each read."""
    rows: list[tuple[Cell, ...]] = [
        (
            Link(item.title or item.name, f"/console/studies/{item.id.hex()}"),
            item.purpose,
            item.status,
            one.member,
            one.part.version,
            one.part.records,
        )
        for item in overview.studies(way, purposes)
        for one in overview.study(way, item.id).parts
    ]
    heads = ("study", "purpose", "status", "member", "version read", "records")
    return Table("Studies that read them", heads, tuple(rows))
