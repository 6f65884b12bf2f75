"""Blocks and transactions, in words; and where a name or a hash stands."""

from consortia.base.ids import digest_from_hex
from consortia.base.refusals import Refused
from consortia.kernel.transaction import Call
from consortia.modules.assets.queries import ById, MaybeAsset
from consortia.modules.ballots.queries import ById as ElectionIs
from consortia.modules.ballots.queries import ElectionView
from consortia.modules.governance.queries import ById as ProposalIs
from consortia.modules.governance.queries import ProposalView
from consortia.modules.guard.queries import ByAlert, MaybeFiled
from consortia.modules.predictions.queries import ById as BatchIs
from consortia.modules.predictions.queries import MaybeBatch
from consortia.modules.training.queries import ById as StudyIs
from consortia.modules.training.queries import StudyView
from consortia.node.console.inside import Done, Inside, arguments, at, block, latest, told
from consortia.node.console.sayings import named
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem, hex_digest, whole_number
from consortia.sdk.html import Html, tag
from consortia.sdk.values import cell, facts_of, find, short, words
from consortia.sdk.views import Cell, Link, Moment, Table, View

_BLOCKS = 50
_HITS = 100
_SHOWN = 1_000


def ledger(asked: Asked) -> Screen:
    """The newest blocks, and what was done in them."""
    below = whole_number(asked.argument("below", str(1 << 52)), "below")
    rows: list[tuple[Cell, ...]] = [
        (
            Link(str(row["height"]), f"/console/ledger/{row['height']}"),
            Moment(row["time"]),
            row["transactions"],
            row["first"],
            bytes(row["state"]).hex()[:16],
        )
        for row in asked.service.index.blocks(below, _BLOCKS)
    ]
    headings = ("block", "when", "transactions", "first leaf", "state root")
    older = None
    if rows and isinstance(rows[-1][0], Link) and not rows[-1][0].to.endswith("/0"):
        older = tag("a", "Older blocks", href=f"?below={rows[-1][0].to.rpartition('/')[2]}")
    done = told("The newest transactions", latest(asked.service, 20))
    return Screen(
        "Ledger",
        "Every block, and every transaction in words. Nothing here changes without every member seeing it.",
        (done, Table("Blocks", headings, tuple(rows)), tag("p", older)),
    )


def one_block(asked: Asked) -> Screen:
    """One block: its header, its transactions in words."""
    height = whole_number(asked.path("height"), "a height")
    found = block(asked.service, height, _SHOWN)
    if found is None:
        raise HttpProblem(404, f"there is no block {height}; the newest is {asked.service.ledger.tip.height}")
    header, count, done = found
    note = "" if count <= len(done) else f"The first {len(done):,} of {count:,}."
    near = [
        tag("a", f"Block {other}", href=f"/console/ledger/{other}")
        for other in (height - 1, height + 1)
        if 0 <= other <= asked.service.ledger.tip.height
    ]
    return Screen(
        f"Block {height}",
        f"{count:,} transactions." if count != 1 else "One transaction.",
        (told("Transactions", list(done), note), *facts_of("Header", header), tag("p", *_spaced(near))),
        live=False,
    )


def _spaced(links: list[Html]) -> list[Html | str]:
    return [part for link in links for part in (link, " ")]


def one_transaction(asked: Asked) -> Screen:
    """A transaction: who signed it, each call in words and by its fields, and what came of it."""
    name = hex_digest(asked.path("id"), "a transaction's id")
    placed = asked.service.ledger.receipt(name)
    done = None if placed is None else at(asked.service, placed.height, placed.receipt.index)
    if done is None:
        raise HttpProblem(404, f"no transaction {name.hex()}")
    receipt = done.receipt
    facts: tuple[tuple[Cell, ...], ...] = (
        ("what", done.words),
        ("signed by", Link(done.signer, f"/console/members/{done.signer}")),
        ("with key", Link(short(done.transaction.key), find(done.transaction.key))),
        ("block", Link(str(done.height), f"/console/ledger/{done.height}")),
        ("when", Moment(done.time)),
        ("code", receipt.code),
        ("cost", receipt.cost),
        ("id", name),
    )
    parts: list[View] = [Table("Transaction", ("what", "value"), facts)]
    parts += [_call(call) for call in done.transaction.calls]
    parts.append(_events(done))
    proof = tag(
        "p",
        tag(
            "a",
            "The proof of this receipt",
            href=f"/v1/proofs/transactions/{name.hex()}",
            download=f"{name.hex()[:16]}.proof",
        ),
        ", to keep, to hand on, and to ",
        tag("a", "check in any browser", href="/console/verify"),
        ".",
    )
    return Screen(
        done.words[:80], "One transaction: all its calls stand or fall together.", (*parts, proof), live=False
    )


def _call(call: Call) -> Table:
    rows = tuple((words(name), cell(value, name)) for name, value in arguments(call.args).items())
    return Table(f"Call: {named(call.method)}", ("field", "value"), rows)


def _events(done: Done) -> Table:
    rows = tuple((named(event.name), words_of(event.body)) for event in done.receipt.events)
    return Table("What came of it", ("event", "fields"), rows, "" if rows else "It told of nothing.")


def words_of(body: object) -> str:
    """An event's fields in a line."""
    found = cell(body)
    return found if isinstance(found, str) else str(found)


def search(asked: Asked) -> Screen:
    """Where a name or a hash stands: known things first, then every transaction that names it."""
    text = asked.argument("text").strip().lower()
    if len(text) < 2:
        raise HttpProblem(400, "look for at least 2 characters")
    hits = asked.service.index.search(text, _HITS)
    rows: list[tuple[Cell, ...]] = [
        (hit.word, words(hit.field), Link(f"block {hit.height}", f"/console/ledger/{hit.height}"), hit.index)
        for hit in hits
    ]
    nothing = "" if rows else "No transaction that is here names anything that begins so."
    where = Table("Transactions that name it", ("word", "as", "block", "place in it"), tuple(rows), nothing)
    return Screen(
        f"Find {text[:24]}",
        "Names, and hashes by their first digits.",
        (*_known(asked, text), where),
        live=False,
    )


def _known(asked: Asked, text: str) -> tuple[View, ...]:
    """Links to the pages of what a whole id or name stands for."""
    found: list[tuple[Cell, ...]] = []
    ledger_ = asked.service.ledger
    if any(member.name == text for member in ledger_.members().members):
        found.append(("member", Link(text, f"/console/members/{text}")))
    digest = digest_from_hex(text)
    if digest is not None:
        if ledger_.receipt(digest) is not None:
            found.append(("transaction", Link(short(digest), f"/console/transactions/{text}")))
        found += _things(Inside(asked.service), digest)
    return (Table("This is", ("a", "page"), tuple(found)),) if found else ()


def _things(way: Inside, digest: bytes) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    if way.query("guard.alert", ByAlert(digest), MaybeFiled).found is not None:
        rows.append(("alert", Link("its case", f"/console/cases/{digest.hex()}")))
    election = way.query("ballots.election", ElectionIs(digest), ElectionView).election
    if election is not None:
        rows.append(("secret ballot", Link(election.title, f"/console/elections/{digest.hex()}")))
    if way.query("predictions.batch", BatchIs(digest), MaybeBatch).batch is not None:
        rows.append(("predictions", Link("their lineage", f"/console/lineage/{digest.hex()}")))
    asset = way.query("assets.asset", ById(digest), MaybeAsset).asset
    if asset is not None:
        rows.append((asset.kind, Link(asset.title or asset.name, f"/console/assets/{digest.hex()}")))
    try:
        study = way.query("training.study", StudyIs(digest), StudyView).study
        rows.append(
            ("study", Link(study.terms.title or study.terms.name, f"/console/studies/{digest.hex()}"))
        )
    except Refused:
        pass
    try:
        proposal = way.query("governance.proposal", ProposalIs(digest), ProposalView).proposal
        rows.append(("proposal", Link(proposal.title, f"/console/decisions/{digest.hex()}")))
    except Refused:
        pass
    return rows
