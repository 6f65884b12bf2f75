"""Which studies members propose, and the terms of some that nobody should take."""

from msgspec.structs import replace

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.exact.budget import Noise
from consortia.modules.training.types import Deadlines, Privacy, Recipe, Stage, Terms
from consortia.testing.auditors.assets_moves import assets
from consortia.testing.auditors.drawing import Drawing

STARTS = tuple(tagged("consortia/testing", number.to_bytes(1, "big")) for number in (0, 0, 0, 1))
SCHEMAS = (b"rows", b"rows", b"rows", b"columns")
RECIPES = (encode({}), encode({}), encode({}), encode({"ridge": 1}))
"""Mostly the same, so that one query is asked by many."""

WAITS = (60_000, 60_000, 3_600_000, 86_400_000)
RULES = ("trimmed_mean", "median", "krum", "nnm+median", "bucketing+median")


def terms(draw: Drawing) -> Terms:
    """The terms of a study, such as members agree to."""
    present = draw.identity.present()
    quorum = max(2, min(len(present), draw.pick((2, 3, 3, 3))))
    masked = quorum >= 3 and draw.often(0.8)
    private = masked and draw.often(0.35)
    models = [id_ for id_, thing in sorted(assets(draw).things.items()) if thing["kind"] == "model"]
    stages = tuple(_stage(draw, number, quorum, masked=masked) for number in range(draw.pick((1, 1, 2))))
    if not private and len(stages) > 1 and draw.often(0.3):
        stages = (stages[0], _stage(draw, 1, quorum, masked=not masked and quorum >= 3))
    if private:
        stages = tuple(replace(stage, rule="mean", tolerated=0, group=0) for stage in stages)
    noises = tuple(Noise("record", 1 << 10, draw.pick((1 << 24, 1 << 30)), draw.pick((0, 1))) for _ in stages)
    schema = draw.pick(SCHEMAS)
    invited: tuple[str, ...] = ()
    if len(present) >= quorum and draw.often(0.3):
        invited = tuple(sorted(draw.rng.sample(present, draw.rng.randint(quorum, len(present)))))
    return Terms(
        name=f"study-{draw.rng.randrange(400)}",
        title="A study",
        purpose=draw.pick(("research", "research", "diagnosis")),
        model=draw.pick(models) if models and draw.often(0.2) else None,
        schema=schema,
        schema_hash=tagged("consortia/schema", schema),
        recipe=Recipe("statistics", draw.pick(RECIPES), tagged("consortia/testing", b"recipe")),
        stages=stages,
        initial=draw.pick(STARTS),
        invited=invited,
        quorum=quorum,
        retries=draw.pick((0, 2, 5, 9)),
        deadlines=Deadlines(draw.pick(WAITS), draw.pick(WAITS), draw.pick(WAITS)),
        privacy=Privacy(noises, 10) if private else None,
        model_name=f"model-{draw.rng.randrange(9)}",
        model_title="A model",
    )


def _stage(draw: Drawing, number: int, quorum: int, *, masked: bool) -> Stage:
    stage = Stage(
        f"stage-{number}",
        draw.pick((1, 1, 2)),
        4,
        64,
        0,
        1 << 40,
        "sum",
        "masked" if masked else draw.pick(("open", "sealed")),
        "mean",
        0,
        0,
    )
    if draw.often(0.2):
        rule = draw.pick(RULES)
        return replace(stage, rule=rule, tolerated=draw.pick((0, 0, 1)), group=3 if masked else 0)
    return stage


def spoiled(draw: Drawing, terms: Terms, attack: str) -> Terms:
    """Terms that nobody should take."""
    first = terms.stages[0]
    noise = Noise("record", 1, 1 << 62, 0)
    match attack:
        case "tell a bad stage":
            bad = draw.pick(
                (
                    (replace(first, clip=1 << 57, ring_bits=32),),
                    (first, first),
                    (replace(first, rounds=10_000), replace(first, name="more")),
                )
            )
            return replace(terms, stages=bad, privacy=None)
        case "sum two":
            return replace(terms, quorum=2, stages=(replace(first, mode="masked"),), privacy=None)
        case "bend the rule":
            many = replace(first, rule="krum", tolerated=9)
            bent = draw.pick((replace(first, tolerated=1), replace(first, group=3), many))
            return replace(terms, stages=(bent,), privacy=None)
        case "promise false noise":
            wrong = draw.pick(((noise,), (noise, noise, noise), (replace(noise, colluders=60),)))
            return replace(terms, privacy=Privacy(wrong, 10))
        case "swap the schema":
            return replace(terms, schema=b"other")
        case "spoil the parameters":
            bad_ones = (encode([]), encode({})[:-1] or b"\xff", b"\xbf\xff", b"\x00")
            return replace(terms, recipe=replace(terms.recipe, parameters=draw.pick(bad_ones) or b"\x00"))
        case "invite nobody known":
            present = tuple(draw.identity.present())
            return replace(
                terms, invited=draw.pick((("nobody",), (*present, "zz-nobody"), present[::-1], present[:1]))
            )
        case "start from nothing":
            others = [id_ for id_, thing in sorted(assets(draw).things.items()) if thing["kind"] != "model"]
            return replace(terms, model=draw.pick([*others, draw.digest()]))
    return terms
