"""What members and attackers do with predictions."""

from msgspec.structs import replace

from consortia.base.codec import Record, to_value
from consortia.kernel.transaction import Call
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.predictions.messages import Act, Defer, Perform, RecordBatch
from consortia.testing.auditors.assets_moves import assets, register
from consortia.testing.auditors.drawing import Drawing, Move
from consortia.testing.auditors.identity_mandates_moves import UNITS, account, an_agent
from consortia.testing.auditors.predictions import Predictions
from consortia.testing.auditors.till import Spend

PURPOSES = ("diagnosis", "research", "DUO:0000007", "marketing")


def record_batch(draw: Drawing) -> Move:
    """Say which answers a model gave; where there is no model, mostly register one."""
    held = assets(draw)
    attack = draw.attack(
        *("predict by what is no model", "predict by nothing", "name other content"),
        *("record a root twice", "record for any purpose"),
    )
    models = [id_ for id_, thing in sorted(held.things.items()) if thing["kind"] == "model"]
    if not models and draw.often(0.8):
        return register(draw)
    open_ = [id_ for id_ in models if held.things[id_]["withdrawn"] is None]
    model = draw.pick((open_ if open_ and draw.often(0.9) else models) or [draw.digest()])
    able = [name for name in draw.identity.present() if model in held.things and _purposes(draw, name, model)]
    by = draw.pick(able) if able and draw.often(0.8) else draw.member()
    if attack == "predict by what is no model" and held.things:
        model = draw.pick(sorted(held.things))
    elif attack == "predict by nothing":
        model = draw.digest()
    known = held.versions.get(model)
    content = draw.digest() if known is None or attack == "name other content" else known[-1]["commitment"]
    roots = [batch["root"] for batch in _predictions(draw).batches]
    root = draw.pick(roots) if roots and attack == "record a root twice" else draw.digest()
    may = sorted(_purposes(draw, by, model) - {"*"}) if model in held.things else []
    purpose = draw.pick(PURPOSES if not may or attack == "record for any purpose" else may)
    opened = draw.digest() if draw.often(0.3) else None
    message = RecordBatch(model, content, purpose, draw.digest(), root, draw.rng.randint(1, 99), opened)
    return Move(draw.signer(by, "operator", "worker"), (message,), attack)


def act(draw: Drawing) -> Move:
    """An agent accounts for an act, and mostly records a batch with it."""
    attack = draw.attack("account by an old record", "sign for a person", "sign as a person")
    key, _ = an_agent(draw)
    told = account(draw)
    roots = sorted(_predictions(draw).roots())
    if roots and attack == "account by an old record":
        told = replace(told, root=draw.pick(roots))
    if attack == "sign as a person":
        key = draw.signer(draw.member(), "operator", "worker")
    more = record_batch(draw).messages if draw.often(0.3) or attack == "sign for a person" else ()
    if attack == "sign for a person":
        return Move(key, more, attack)
    return Move(key, (Act(told), *more), attack)


def defer(draw: Drawing) -> Move:
    """An agent whose acts wait defers what it would do."""
    key, mandate = an_agent(draw, waiting=True)
    attack = draw.attack("defer what is not named", "defer what people sign", "defer too much")
    caps = [] if mandate is None else mandate["caps"]
    unit = draw.pick(caps)["unit"] if caps and draw.often(0.8) else UNITS[0]
    messages: tuple[Record, ...] = (Spend(unit, draw.pick((1, 5, 10, 101))),)
    if draw.often(0.4) or attack == "defer what is not named":
        messages += record_batch(draw).messages
    if attack == "defer what people sign":
        messages = (EndMandate(draw.digest()),)
    elif attack == "defer too much":
        messages = record_batch(draw).messages * 16
    calls = tuple(Call(draw.world.app.messages[type(one)], dict(to_value(one))) for one in messages)
    calls = tuple(one for one in calls if one.method in {"till.spend", "predictions.record_batch", *PEOPLES})
    return Move(
        key, (Defer(account(draw), calls or (Call("till.spend", {"unit": unit, "amount": 1}),)),), attack
    )


def perform(draw: Drawing) -> Move:
    """Somebody has an act carried out, mostly one that is due."""
    attack = draw.attack("perform early", "perform what does not wait", "perform two at once")
    held = _predictions(draw)
    due = [one["id"] for one in held.deeds if one["id"] in held.waiting and one["due"] <= draw.time]
    known = due if due and not attack else sorted(held.waiting)
    if attack == "perform what does not wait":
        known = [one["id"] for one in held.deeds] or known
    by = draw.signer(draw.member(), "operator", "worker", "node")
    if attack == "perform two at once" and len(due) > 1:
        return Move(by, tuple(map(Perform, draw.rng.sample(due, k=2))), attack)
    return Move(by, (Perform(draw.pick(known) if known else draw.digest()),), attack)


MOVES = (record_batch, act, defer, defer, perform, perform)
PEOPLES = ("identity.end_mandate",)


def _predictions(draw: Drawing) -> Predictions:
    found = draw.world.models["predictions"]
    if not isinstance(found, Predictions):
        raise TypeError("another stands in the place of predictions")
    return found


def _purposes(draw: Drawing, by: str, model: bytes) -> set[str]:
    right = assets(draw).rights[model]["process"]
    return right.get(by, set()) | right.get("*", set())
