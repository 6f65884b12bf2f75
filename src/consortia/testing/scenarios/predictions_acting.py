"""What agents do, and what predictions answer."""

from consortia.modules.assets.messages import Revoke, Withdraw
from consortia.modules.assets.types import Rights
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_types import Pin
from consortia.modules.identity.messages import Leave
from consortia.modules.predictions.messages import Act, RecordBatch
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step
from consortia.testing.scenarios.assets import blob, dataset, digest, registered, right
from consortia.testing.scenarios.mandates_parts import account, agent, mandate

SHARED = Rights(process=right(("east", "diagnosis"), ("north", "diagnosis")), download=())


def model(bench: Bench) -> bytes:
    """The id of a model that north and east may process for diagnosis."""
    return registered(bench, blob("screen", rights=SHARED))


def modelled(bench: Bench, member: str = "north") -> bytes:
    """Have a member let an agent act that runs the model; the model's id."""
    made = model(bench)
    mandate(bench, member, pin=Pin(made, digest("screen")))
    return made


def act(*messages: Act | RecordBatch, member: str = "north", before: tuple[bytes, ...] = ()) -> Step:
    """The step in which a member's agent signs these messages."""
    return Step(member, "agent", messages, agent(member), before)


def batch(made: bytes, word: str = "root") -> RecordBatch:
    """A batch of two answers of the model."""
    policy = digest("refer from one half on")
    return RecordBatch(made, digest("screen"), "diagnosis", policy, digest(word), 2, None)


def _program_acts(bench: Bench) -> Step:
    mandate(bench)
    return act(Act(account()))


def _model_acts(bench: Bench) -> Step:
    modelled(bench)
    return act(Act(account(opened=digest("opened"), stated=0)))


def _acts_and_records(bench: Bench) -> Step:
    made = modelled(bench)
    return act(Act(account(stated=1_000_000)), batch(made))


def _acts_again(bench: Bench) -> Step:
    modelled(bench, "east")
    bench.block(bench.sign_with(agent("east"), Act(account())))
    return act(Act(account("second")), member="east")


DONE = (
    Scenario("a program acts for a member", _program_acts),
    Scenario("a model acts for a member, its record opened for replay", _model_acts),
    Scenario("an agent accounts for an act and records a batch", _acts_and_records),
    Scenario("an agent of a member that may process the model acts again", _acts_again),
)


def _pinned_to_nothing(bench: Bench) -> Step:
    mandate(bench, pin=Pin(digest("nothing"), digest("screen")))
    return act(Act(account()))


def _pinned_to_data(bench: Bench) -> Step:
    mandate(bench, pin=Pin(registered(bench, dataset()), digest("screen")))
    return act(Act(account()))


def _withdrawn(bench: Bench) -> Step:
    bench.ok("north", "operator", Withdraw(modelled(bench)))
    return act(Act(account()))


def _another_model(bench: Bench) -> Step:
    mandate(bench, pin=Pin(model(bench), digest("another model")))
    return act(Act(account()))


def _no_right(bench: Bench) -> Step:
    modelled(bench, "west")
    return act(Act(account()), member="west")


def _right_revoked(bench: Bench) -> Step:
    bench.ok("north", "operator", Revoke(modelled(bench, "east"), "process", ("east",), None))
    return act(Act(account()), member="east")


def _same_account(bench: Bench) -> Step:
    mandate(bench)
    bench.block(bench.sign_with(agent(), Act(account())))
    return act(Act(account()))


def _root_of_a_batch(bench: Bench) -> Step:
    made = modelled(bench)
    bench.ok("north", "worker", batch(made, "act"))
    return act(Act(account()))


def _batch_of_an_act(bench: Bench) -> Step:
    made = model(bench)
    mandate(bench)
    return act(Act(account()), batch(made, "act"))


def _ended_before_it_in_the_block(bench: Bench) -> Step:
    ending = bench.sign("north", "worker", EndMandate(mandate(bench)))
    return act(Act(account()), before=(ending,))


def _owner_left_before_it_in_the_block(bench: Bench) -> Step:
    mandate(bench)
    return act(Act(account()), before=(bench.sign("north", "admin", Leave(None)),))


REFUSED = (
    Scenario("an act by what is no asset", _pinned_to_nothing, "predictions.no_model"),
    Scenario("an act by a data set", _pinned_to_data, "predictions.no_model"),
    Scenario("an act by a withdrawn model", _withdrawn, "predictions.withdrawn"),
    Scenario("an act by another model than is in force", _another_model, "predictions.wrong_content"),
    Scenario("an act by a model that its owner may not use", _no_right, "predictions.not_allowed"),
    Scenario("an act after the right to the model was revoked", _right_revoked, "predictions.not_allowed"),
    Scenario("two acts accounted for by one record", _same_account, "predictions.repeated"),
    Scenario("an act accounted for by an earlier batch", _root_of_a_batch, "predictions.repeated"),
    Scenario("a batch that is an act's record", _batch_of_an_act, "predictions.repeated"),
    Scenario(
        "an act after its mandate was ended in the same block",
        _ended_before_it_in_the_block,
        "identity.mandate_over",
    ),
    Scenario(
        "an act after its owner left in the same block",
        _owner_left_before_it_in_the_block,
        "identity.mandate_over",
    ),
)
