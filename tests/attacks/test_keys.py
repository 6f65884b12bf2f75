"""Keys put in the place of others' keys: the man in the middle of every pair."""

from consortia.base.hashing import tagged
from consortia.engines.mask import Secrets, deal, publish
from consortia.kernel.admission import Admission, parse
from consortia.modules.training import masked
from consortia.modules.training.messages import Close, DealShares, PublishKeys, Submit
from consortia.modules.training.types import SealedShares
from consortia.testing.studies import MEMBERS
from consortia.workers.diary import Diary
from consortia.workers.terms import MASKED
from tests.attacks.coalition import Coalition, Colluder, coalition, heard, seen, sent
from tests.attacks.removed import without
from tests.attacks.views import Side, work
from tests.workers.four import Consortium


def invented(name: str) -> Secrets:
    """Secrets of west's, under the name of another."""
    return Secrets.of(b"".join(tagged("consortia/attack", f"{name} {part}".encode()) for part in "abcd"))


def forged(four: Consortium, name: str, *messages) -> bytes:
    """A transaction in a member's name by somebody who has not its key."""
    return four.bench.sign(name, "worker", *messages)[:-64] + bytes(64)


def at_keys(tmp_path) -> Consortium:
    return Consortium(tmp_path, kinds={"west": Colluder}, rounds=1, summing=MASKED).join().start()


def false_keys(four: Consortium, name: str) -> bytes:
    this = four.rounds()[0]
    told = publish(this.id, name, invented(name))
    return forged(four, name, PublishKeys(this.study, this.id, told.masking, told.sealing, told.seed))


def false_shares(four: Consortium, name: str) -> bytes:
    this = four.rounds()[0]
    view = four.bench.query("training.masks", study=this.study, index=0, attempt=None)
    sealing = {one.member: one.keys.sealing for one in view.keys}
    dealt = deal(this.id, name, invented(name), sealing, sorted(MEMBERS))
    shares = tuple(SealedShares(one.seed, one.key, one.sealed) for one in dealt)
    return forged(four, name, DealShares(this.study, this.id, this.graph, shares))


def test_without_signatures_one_member_stands_in_for_two_and_bares_the_fourth(tmp_path):
    four = at_keys(tmp_path)
    honest = {name: four.workers[name] for name in ("north", "west")}
    with without(Admission.admit_parsed, "BAD_SIGNATURE"):
        four.bench.block(false_keys(four, "east"), false_keys(four, "south"))
        four.net.drive(honest, lambda: four.rounds()[0].step == "shares")
        four.bench.block(false_shares(four, "east"), false_shares(four, "south"))
        four.net.drive(honest, lambda: bool(four.net.said("north", "submitted")))
    this = four.rounds()[0]
    own = {"east": invented("east"), "south": invented("south")}
    own["west"] = Secrets.of(four.workers["west"].diary.secrets(this.study, this.id))
    assert Coalition(seen(four, this), own).plain("north") == sent(four, this, "north")


def test_keys_in_the_name_of_another_are_in_no_block(tmp_path):
    four = at_keys(tmp_path)
    for name in ("east", "south"):
        assert four.bench.admission_code(false_keys(four, name)) == "kernel.bad_signature"
    four.finish()
    assert four.progress.status == "finished"
    assert coalition(four, four.rounds()[0], ("west",)).plain("north") is None


# ------------------------------------------------------------------ two sets of keys of one try

FIVE = ("east", "north", "south", "up", "west")
HERE, THERE = ("east", "north"), ("south", "up", "west")


def heard_of(side: Side, names: tuple[str, ...], since: int) -> list[bytes]:
    """The transactions of some members that stand in one history since a block."""
    keys = {key.key_id for name in names for key in side.bench.parties[name].keys.values()}
    blocks = side.bench.blocks[since:]
    return [
        raw
        for block in blocks
        for raw in block.transactions
        if parse(side.bench.app, raw, side.bench.network)[0].transaction.key in keys
    ]


def told_too(one: Side, other: Side, names: tuple[str, ...], since: int) -> None:
    """Write what some said in one history into another as well, as far as it is taken."""
    for raw in heard_of(one, names, since):
        if other.bench.admission_code(raw) == "ok":
            other.bench.block(raw)


def closed(side: Side, study: bytes, name: str) -> None:
    """Let a step end at its deadline."""
    this = side.bench.query("training.round", study=study, index=0, attempt=None).round
    side.bench.time = this.deadline
    side.bench.ok(name, "worker", Close(study, this.id))


def two_sets_of_keys(tmp_path, monkeypatch) -> tuple[Consortium, Side, Side]:
    """Of five, north orders, and shows east one set of keys and the others another, each as if it were final.

    In one north's keys stand and west's do not, in the other west's and not north's.
    """
    monkeypatch.setattr("consortia.kernel.checkpoint.quorum", lambda members: 1)
    kinds = {"north": Colluder}
    four = (
        Consortium(tmp_path, members=FIVE, kinds=kinds, rounds=1, summing=MASKED, seconds=600).join().start()
    )
    one, other, since = Side(four, FIVE), Side(four, FIVE), len(four.bench.blocks)
    work(one, [four.workers[name] for name in HERE], turns=1)
    work(other, [four.workers[name] for name in THERE], turns=1)
    told_too(one, other, ("east",), since)
    told_too(other, one, ("south", "up"), since)
    closed(one, four.study, "north")
    closed(other, four.study, "west")
    return four, one, other


def dealt_in_two(tmp_path, monkeypatch) -> tuple[Consortium, Side]:
    """What is dealt, and complained of, in one of two histories stands in the other too, as far as it can."""
    four, one, other = two_sets_of_keys(tmp_path, monkeypatch)
    at, beyond = len(one.bench.blocks), len(other.bench.blocks)
    work(one, [four.workers[name] for name in HERE], turns=1)
    work(other, [four.workers[name] for name in THERE], turns=1)
    told_too(one, other, ("east",), at)
    told_too(other, one, ("south", "up"), beyond)
    beyond = len(other.bench.blocks)
    work(other, [four.workers[name] for name in THERE], turns=3)
    told_too(other, one, ("south", "up"), beyond)
    work(one, [four.workers[name] for name in HERE], turns=3)
    four.bench = one.bench
    return four, other


def test_where_shares_do_not_say_among_which_keys_they_were_dealt_one_of_five_that_orders_bares_another(
    tmp_path, monkeypatch
):
    with without(masked.deal_shares, "OTHER_KEYS"):
        four, other = dealt_in_two(tmp_path, monkeypatch)
    this = four.rounds()[0]
    assert coalition(four, this, ("north",), other.bench).plain("east") == sent(four, this, "east")


def test_shares_that_were_dealt_among_other_keys_are_refused(tmp_path, monkeypatch):
    four, other = dealt_in_two(tmp_path, monkeypatch)
    this = four.rounds()[0]
    assert not coalition(four, this, ("north",), other.bench).known.of(Submit)
    assert four.bench.query("training.masks", study=this.study, index=0, attempt=0).round.dealers == ()


# ------------------------------------------------------------------ one worker shown both


def shown_both(tmp_path, monkeypatch) -> tuple[Consortium, set[bytes]]:
    """South is shown one set of keys after the other; the graphs among which it dealt."""
    four, one, other = two_sets_of_keys(tmp_path, monkeypatch)
    for side in (one, other):
        work(side, [four.workers["south"]], turns=3)
    said = [each for side in (one, other) for each in heard(side.bench)]
    return four, {message.graph for by, message in said if by == "south" and isinstance(message, DealShares)}


def test_without_its_diary_a_worker_deals_among_two_sets_of_keys_and_a_holder_has_two_points(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(Diary, "keep_graph", lambda _self, _study, _round, graph: graph)
    _, graphs = shown_both(tmp_path, monkeypatch)
    assert len(graphs) == 2


def test_a_worker_deals_among_one_set_of_keys_of_a_round_and_no_other(tmp_path, monkeypatch):
    four, graphs = shown_both(tmp_path, monkeypatch)
    assert len(graphs) == 1
    assert four.net.said("south", "refused")[0].detail == (
        "round 1: other keys than those among which shares were dealt"
    )
