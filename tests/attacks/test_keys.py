"""Keys put in the place of others' keys: the man in the middle of every pair."""

from consortia.base.hashing import tagged
from consortia.engines.mask import Secrets, deal, publish
from consortia.kernel.admission import Admission
from consortia.modules.training.messages import DealShares, PublishKeys
from consortia.modules.training.types import SealedShares
from consortia.testing.studies import MEMBERS
from consortia.workers.terms import MASKED
from tests.attacks.coalition import Coalition, Colluder, coalition, seen, sent
from tests.attacks.removed import without
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
    return forged(four, name, DealShares(this.study, this.id, shares))


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
