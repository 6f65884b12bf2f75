"""An id stands on the ledger for all to read: who writes it into a study of its own gets no bytes by it."""

from msgspec.structs import replace

from consortia.base.hashing import tagged
from consortia.kernel.ledger import Ledger
from consortia.modules.training.messages import Availability, Join, Propose, Start, Submit
from consortia.modules.training.rules import availability
from consortia.modules.training.types import Outcome, Round
from consortia.node.blob_rights import BlobRights
from consortia.store.memory import MemoryStore
from consortia.testing.machine import Bench
from consortia.testing.studies import (
    GOOD,
    STAGE,
    TERMS,
    committed,
    current,
    dataset,
    ended,
    opened,
    submitted,
    update,
)

TRUSTED = ("east", "north", "south")
THIEVES = ("up", "west", "young")
MIXED = ("north", *THIEVES)
ONCE = replace(TERMS, stages=(replace(STAGE, rounds=1),))
THEIRS = replace(ONCE, name="borrowed", invited=MIXED)
FALSE = Outcome(tagged("consortia/testing", b"another sum"), GOOD.state)


class Studies:
    """A study of three members that is over, and what they left at each other's nodes."""

    def __init__(self) -> None:
        self.bench = Bench((*TRUSTED, *THIEVES))
        self.data = {name: dataset(self.bench, name) for name in (*TRUSTED, *THIEVES)}
        self.closed = self.running("north", replace(ONCE, invited=TRUSTED), TRUSTED)
        self.left = {(name, self.update(name)) for name in TRUSTED}
        this = submitted(self.bench, self.closed, TRUSTED)
        for name in TRUSTED:
            self.bench.ok(name, "worker", committed(this, name))
        self.bench.ok("north", "worker", opened(this))

    def running(self, proposer, terms, members) -> Round:
        self.bench.ok(proposer, "analyst", Propose(terms))
        study = self.bench.query("training.find", proposer=proposer, name=terms.name).study
        for name in members:
            self.bench.ok(name, "operator", Join(study, self.data[name], 1, 10))
        self.bench.ok(proposer, "analyst", Start(study))
        return current(self.bench, study)

    def update(self, member: str) -> bytes:
        return update(self.bench, self.closed, member).blob

    def may(self, at: str, who: str, blob: bytes) -> bool:
        """Whether the node of `at` hands a blob to `who`, whether it starts now or saw it all."""
        seen = Ledger.create(MemoryStore(), self.bench.app, self.bench.genesis)
        old = BlobRights(seen, at, self.was_left)
        assert not old.may_read(who, blob)
        for block in self.bench.blocks:
            seen.append(block)
        found = old.may_read(who, blob)
        assert BlobRights(seen, at, self.was_left).may_read(who, blob) == found
        return found

    def was_left(self, member: str, blob: bytes) -> bool:
        return (member, blob) in self.left


def borrow(studies: Studies, this: Round, member: str, blob: bytes) -> None:
    """Let a member submit a blob by its id, with signatures of those who would sign anything."""
    bench = studies.bench
    signed = availability(bench.network, this.study, this.id, member=member, blob=blob, size=32)
    held = tuple(Availability(name, bench.key(name, "node").sign(signed)) for name in THIEVES)
    bench.ok(member, "worker", Submit(this.study, this.id, blob, 32, held))


def test_members_of_a_study_have_what_belongs_to_it_from_each_other():
    studies = Studies()
    for blob in (GOOD.sum, GOOD.state, studies.update("east"), studies.update("north")):
        assert studies.may("north", "south", blob)
        assert not studies.may("north", "west", blob)


def test_the_start_of_a_study_is_handed_out_by_its_proposer_alone():
    studies = Studies()
    studies.running("west", replace(THEIRS, initial=GOOD.state), MIXED)
    assert studies.may("west", "north", GOOD.state)
    assert studies.may("north", "east", GOOD.state)
    assert not studies.may("north", "west", GOOD.state)


def test_an_update_by_anothers_id_opens_nothing_where_its_member_did_not_leave_it():
    studies = Studies()
    this = studies.running("west", THEIRS, MIXED)
    for thief, name in (("west", "north"), ("young", "east")):
        borrow(studies, this, thief, studies.update(name))
        assert not studies.may("north", thief, studies.update(name))
        assert studies.may("north", "south", studies.update(name))


def test_an_outcome_by_anothers_id_opens_nothing_at_the_node_of_who_did_not_commit_to_it():
    studies = Studies()
    this = submitted(studies.bench, studies.running("west", THEIRS, MIXED), MIXED)
    for name in THIEVES:
        studies.bench.ok(name, "worker", committed(this, name, FALSE))
    this = ended(studies.bench, this)
    studies.bench.ok("west", "worker", opened(this, FALSE))
    assert studies.bench.query("training.study", study=this.study).progress.state == GOOD.state
    assert studies.may("west", "north", GOOD.state)
    assert studies.may("north", "east", GOOD.state)
    assert not studies.may("north", "west", GOOD.state)
