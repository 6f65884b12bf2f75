"""What is done to predictions, and what they answer."""

from consortia.modules.assets.messages import Revoke, Withdraw
from consortia.modules.assets.types import Rights
from consortia.modules.predictions.messages import RecordBatch
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios import predictions_acting as acting
from consortia.testing.scenarios.assets import blob, dataset, digest, registered, right

SHARED = Rights(process=right(("east", "diagnosis"), ("north", "diagnosis")), download=())


def batch(model: bytes, word: str = "root", **fields: object) -> RecordBatch:
    """A batch of 40 predictions of the model that is registered as "screen"; its root follows from `word`."""
    usual: dict[str, object] = {
        "model": model,
        "content": digest("screen"),
        "purpose": "diagnosis",
        "policy": digest("refer from one half on"),
        "root": digest(word),
        "count": 40,
        "opened": None,
    }
    return RecordBatch(**(usual | fields))  # type: ignore[arg-type]


def model(bench: Bench) -> bytes:
    """The id of a model that north and east may process for diagnosis."""
    return registered(bench, blob("screen", rights=SHARED))


def _owner_records(bench: Bench) -> Step:
    return step("north", "worker", batch(model(bench), opened=digest("opened")))


def _grantee_records(bench: Bench) -> Step:
    return step("east", "operator", batch(model(bench)))


def _second_batch(bench: Bench) -> Step:
    made = model(bench)
    bench.ok("north", "worker", batch(made))
    return step("east", "worker", batch(made, "other"))


DONE = (
    Scenario("the model's owner records a batch opened for replay", _owner_records),
    Scenario("a member that may process the model records a private batch", _grantee_records),
    Scenario("a second batch of the same model", _second_batch),
)


def _no_model(bench: Bench) -> Step:
    return step("north", "worker", batch(digest("nothing")))


def _not_a_model(bench: Bench) -> Step:
    return step("north", "worker", batch(registered(bench, dataset())))


def _withdrawn(bench: Bench) -> Step:
    made = model(bench)
    bench.ok("north", "operator", Withdraw(made))
    return step("north", "worker", batch(made))


def _other_content(bench: Bench) -> Step:
    return step("north", "worker", batch(model(bench), content=digest("another model")))


def _stranger(bench: Bench) -> Step:
    return step("west", "worker", batch(model(bench)))


def _other_purpose(bench: Bench) -> Step:
    return step("east", "worker", batch(model(bench), purpose="marketing"))


def _revoked(bench: Bench) -> Step:
    made = model(bench)
    bench.ok("north", "operator", Revoke(made, "process", ("east",), None))
    return step("east", "worker", batch(made))


def _repeated(bench: Bench) -> Step:
    made = model(bench)
    bench.ok("north", "worker", batch(made))
    return step("east", "worker", batch(made))


REFUSED = (
    Scenario("predictions of nothing", _no_model, "predictions.no_model"),
    Scenario("predictions of a data set", _not_a_model, "predictions.no_model"),
    Scenario("predictions of a withdrawn model", _withdrawn, "predictions.withdrawn"),
    Scenario("predictions of another model than was approved", _other_content, "predictions.wrong_content"),
    Scenario("predictions by a member without a right", _stranger, "predictions.not_allowed"),
    Scenario("predictions for another purpose", _other_purpose, "predictions.not_allowed"),
    Scenario("predictions after the right was revoked", _revoked, "predictions.not_allowed"),
    Scenario("the same batch recorded again", _repeated, "predictions.repeated"),
)

SCENARIOS = DONE + acting.DONE + REFUSED + acting.REFUSED
