"""What members and attackers do with predictions."""

from msgspec.structs import replace

from consortia.modules.predictions.messages import Act, RecordBatch
from consortia.testing.auditors.assets_moves import assets, register
from consortia.testing.auditors.drawing import Drawing, Move
from consortia.testing.auditors.identity_mandates_moves import account, an_agent
from consortia.testing.auditors.predictions import Predictions

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


MOVES = (record_batch, act)


def _predictions(draw: Drawing) -> Predictions:
    found = draw.world.models["predictions"]
    if not isinstance(found, Predictions):
        raise TypeError("another stands in the place of predictions")
    return found


def _purposes(draw: Drawing, by: str, model: bytes) -> set[str]:
    right = assets(draw).rights[model]["process"]
    return right.get(by, set()) | right.get("*", set())
