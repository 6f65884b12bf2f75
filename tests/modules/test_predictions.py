"""A batch on the ledger, a record opened from it offline: the whole way of one prediction."""

from pathlib import Path

from consortia.engines.commit import batch as commit
from consortia.engines.commit.prediction import policy_hash, predicted, read_opened
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.predictions import batch, model
from consortia.workers.vault import Vault


def test_batches_of_a_model_come_oldest_first_with_their_totals() -> None:
    bench = Bench(4)
    made = model(bench)
    for number in range(3):
        bench.ok("north", "worker", batch(made, f"root {number}", count=10 + number))
    page = bench.query("predictions.batches", model=made, first=0, limit=2)
    assert [one.count for one in page.batches] == [10, 11]
    assert (page.total.batches, page.total.records, page.next) == (3, 33, 2)
    rest = bench.query("predictions.batches", model=made, first=page.next, limit=2)
    assert ([one.count for one in rest.batches], rest.next) == ([12], None)
    nothing = bench.query("predictions.batches", model=digest("nothing"), first=0, limit=2)
    assert (nothing.batches, nothing.total.batches) == ((), 0)


def test_a_batch_is_found_by_id_and_by_root() -> None:
    bench = Bench(4)
    bench.ok("north", "worker", batch(model(bench)))
    found = bench.query("predictions.by_root", root=digest("root")).batch
    assert found.member == "north"
    assert bench.query("predictions.batch", batch=found.id).batch == found
    assert bench.query("predictions.by_root", root=bytes(32)).batch is None


def test_a_record_kept_at_home_is_proved_against_the_root_on_the_ledger(tmp_path: Path) -> None:
    bench, vault = Bench(4), Vault(tmp_path / "private")
    policy = policy_hash("refer from one half on")
    made = model(bench)
    answers = [
        predicted(
            model=digest("screen"),
            given=b"%d" % number,
            score=number,
            probability_ppm=number,
            label="benign",
            policy=policy,
            time=bench.time,
        )
        for number in range(40)
    ]
    kept = vault.add_predictions(answers)
    recorded = batch(made, policy=policy, root=kept.root, count=kept.count)
    bench.ok("north", "worker", recorded)
    stands = bench.query("predictions.by_root", root=kept.root).batch
    shown, opening = vault.open_prediction(kept.root, 7)
    assert shown.record.score == 7
    commit.verify(stands.root, opening)
    data = vault.opened_batch(kept.root)
    assert data is not None
    assert len(read_opened(data, stands.root, stands.count)) == 40
