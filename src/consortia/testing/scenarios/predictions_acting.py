"""What agents do, and what predictions answer."""

from consortia.base.codec import Record
from consortia.base.times import HOUR
from consortia.kernel.transaction import Call
from consortia.modules.assets.messages import Revoke, Withdraw
from consortia.modules.assets.types import Rights
from consortia.modules.bank.messages import Take
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.mandate_types import Pin
from consortia.modules.identity.messages import Leave
from consortia.modules.predictions.messages import Act, Defer, Perform, RecordBatch
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


def waits(bench: Bench, *messages: Record, member: str = "north", **fields: object) -> Defer:
    """The account of an act that waits, and the calls that it keeps."""
    return Defer(account(**fields), tuple(bench.call(message) for message in messages))  # type: ignore[arg-type]


def deferred(bench: Bench, delay: int = HOUR) -> bytes:
    """Have north's agent defer a batch by an hour; the act's id."""
    made = model(bench)
    mandate(bench, pin=Pin(made, digest("screen")), delay=delay)
    (receipt,) = bench.block(bench.sign_with(agent(), waits(bench, batch(made))))
    id_ = receipt.events[-1].body["deed"]
    if not isinstance(id_, bytes):
        raise TypeError("an id is bytes")
    return id_


def _defers(bench: Bench) -> Step:
    made = model(bench)
    mandate(bench, pin=Pin(made, digest("screen")), delay=HOUR)
    return Step("north", "agent", (waits(bench, batch(made), batch(made, "other")),), agent())


def _performs(bench: Bench) -> Step:
    deed = deferred(bench)
    bench.time += HOUR
    return Step("east", "operator", (Perform(deed),))


def _performs_what_is_void(bench: Bench) -> Step:
    deed = deferred(bench)
    view = bench.query("identity.mandates", owner="north").mandates[0]
    bench.ok("north", "worker", EndMandate(view.mandate.id))
    bench.time += HOUR
    return Step("north", "node", (Perform(deed),))


def _performs_what_is_refused_now(bench: Bench) -> Step:
    deed = deferred(bench)
    view = bench.query("predictions.deed", deed=deed).deed
    bench.ok("north", "operator", Withdraw(view.model))
    bench.time += HOUR
    return Step("west", "worker", (Perform(deed),))


DONE = (
    Scenario("an act waits with its calls", _defers),
    Scenario("anybody has an act carried out that waited", _performs),
    Scenario("an act whose mandate was ended meanwhile is void", _performs_what_is_void),
    Scenario("an act that meets a refusal in the end is undone", _performs_what_is_refused_now),
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


def _defers_what_is_not_named(bench: Bench) -> Step:
    made = model(bench)
    mandate(bench, pin=Pin(made, digest("screen")), delay=1, methods=("bank.transfer",))
    return Step("north", "agent", (waits(bench, batch(made)),), agent())


def _defers_what_people_sign(bench: Bench) -> Step:
    mandate(bench, delay=1, methods=("identity.leave",))
    return Step("north", "agent", (waits(bench, Leave(None)),), agent())


def _defers_nonsense(bench: Bench) -> Step:
    mandate(bench, delay=1)
    return Step(
        "north", "agent", (Defer(account(), (Call("predictions.record_batch", {"root": 1}),)),), agent()
    )


def _defers_too_much(bench: Bench) -> Step:
    made = model(bench)
    methods = ("bank.take", "predictions.record_batch")
    mandate(bench, pin=Pin(made, digest("screen")), delay=1, methods=methods)
    costly = [Take(digest(str(number)), "north") for number in range(16)]
    return Step("north", "agent", (waits(bench, *costly),), agent())


def _performs_too_early(bench: Bench) -> Step:
    deed = deferred(bench)
    bench.time += HOUR - 1_001
    return Step("north", "operator", (Perform(deed),))


def _performs_twice(bench: Bench) -> Step:
    deed = deferred(bench)
    bench.time += HOUR
    bench.ok("north", "operator", Perform(deed))
    return Step("north", "operator", (Perform(deed),))


def _performs_two_at_once(bench: Bench) -> Step:
    mandate(bench, delay=HOUR, methods=("predictions.record_batch",))
    made, deeds = model(bench), []
    for word in ("one", "two"):
        call = bench.call(batch(made, f"batch {word}"))
        (receipt,) = bench.block(bench.sign_with(agent(), Defer(account(word), (call,))))
        deeds.append(receipt.events[-1].body["deed"])
    bench.time += HOUR
    return Step("east", "operator", tuple(Perform(deed) for deed in deeds))  # type: ignore[arg-type]


def _performs_what_did_not_wait(bench: Bench) -> Step:
    mandate(bench)
    (receipt,) = bench.block(bench.sign_with(agent(), Act(account())))
    deed = receipt.events[0].body["deed"]
    return Step("north", "operator", (Perform(deed),))  # type: ignore[arg-type]


REFUSED = (
    Scenario(
        "an act that waits for what its mandate does not name",
        _defers_what_is_not_named,
        "predictions.not_mandated",
    ),
    Scenario("an act that waits to do what only officers may", _defers_what_people_sign, "kernel.wrong_role"),
    Scenario("an act that waits with a message that is none", _defers_nonsense, "kernel.bad_arguments"),
    Scenario("an act that waits and costs too much", _defers_too_much, "predictions.too_costly"),
    Scenario("an act carried out before it is due", _performs_too_early, "predictions.not_due"),
    Scenario("an act carried out twice", _performs_twice, "predictions.nothing_waits"),
    Scenario("two acts carried out at once", _performs_two_at_once, "predictions.one_at_a_time"),
    Scenario("an act that did not wait", _performs_what_did_not_wait, "predictions.nothing_waits"),
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
