"""The story of seventeen homes that trade their power for a day, and of what each pays before and after.

Real: the processes, keys, sockets, ledger, study, auctions, meters' signatures, bills and checks. Made up,
unless `--data` names readings: the homes. Simulated: that the members are apart, and that a key is in a
meter. Event time is compressed: how long an hour takes stands in the genesis, as the network's title.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from consortia.base.keys import SigningKey
from consortia.engines.commit.chunks import blob_id
from consortia.engines.infer.estimator import Estimator
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Schema
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.market import Receipt
from consortia.sdk.training import Times
from consortia.solutions.city import tasks
from consortia.solutions.city.community import alone, play
from consortia.solutions.city.day import AUCTIONS, DISTRICTS, Day, prepare
from consortia.solutions.city.scenarios.street import (
    DRAW,
    FEED,
    FUNDS,
    GRID,
    REFERENCE,
    SUPPLY,
    THROUGH,
    Street,
)
from consortia.solutions.pacing import due, pace_here, until
from consortia.solutions.story import Metric, Stage, Story, StoryFailed, Told

STUDY, HOURS = "next-hour", "hours"
STEP_MILLISECONDS = 20_000
BEAT_MS = 1_400
LEAVES_AT = 6
CHEATS_AFTER = (3, 7, 11)
"""After these hours readings are brought; after the first, a forged one and one twice."""

GRID_FUNDS = SUPPLY // 4
EURO = 100_000
CLOSING = (
    """Simulated: that the members are apart, that a meter's key is in a meter, and the hours, each of which
    takes what the genesis says. That a meter measures what goes through it is the word of its installer.""",
    """Readings are on the ledger for all members to see: labels should not tell whose home it is.""",
    """The saving comes from trading at a price between the grid's two. The forecast decides how much of it is
    kept; in a year of real homes each home's own model does as well as one for all (the benchmark
    energy.community).""",
)
Bids = list[dict[str, int]]


def tell(stage: Stage, day: Day) -> Told:
    """Play the story."""
    stage.chapter("1. A grid company and four districts found a network")
    beat = int(BEAT_MS * pace_here())
    stage.build(f"energy: an hour is {beat} ms")
    street = Street(stage, day, beat)
    stage.line(
        f"an hour takes {beat / 1000} s, as the genesis says; {len(day.homes)} homes are at four nodes"
    )
    stage.chapter("2. They train a forecast of the next hour; no home's readings leave its district")
    shared = _learn(stage, day)
    errors, bids = _forecasts(day, shared)
    for name, error in errors.items():
        stage.line(f"off by {error:.3f} kWh an hour: {name}")
    stage.chapter("3. A market for power, with a meter at every door")
    _open(stage, street)
    stage.chapter("4. A day of auctions, an hour each")
    receipt = _trade(stage, street, bids)
    stage.chapter("5. What everybody pays, before and after")
    more, metric = _compare(stage, street)
    stage.chapter("6. One bill is proved to its owner, and checked from outside")
    proof = _prove(stage, street, receipt)
    return Told(
        proof, (_forecast_metric(errors), metric), tuple(" ".join(text.split()) for text in CLOSING), more
    )


def _learn(stage: Stage, day: Day) -> Estimator:
    """The districts' study: one model of all homes' hours by masked sums."""
    for district, homes in day.districts.items():
        rows = [
            dict(zip(tasks.HEADER, row, strict=True))
            for home in homes
            for row in tasks.rows_of(day.before(home))
        ]
        stage.ledger(district).assets.register_dataset(
            rows, name=HOURS, process=["*"], purposes=[tasks.PURPOSE], title=f"Hours of {len(homes)} homes"
        )
        stage.line(f"{district}: {len(rows)} hours of {len(homes)} homes; their salted hash is on the ledger")
    study = stage.ledger(DISTRICTS[0]).training.propose(
        STUDY,
        data=HOURS,
        label=tasks.LABEL,
        recipe=tasks.RECIPE,
        parameters=tasks.PARAMETERS,
        purpose=tasks.PURPOSE,
        members=DISTRICTS,
        times=Times(120_000, STEP_MILLISECONDS, STEP_MILLISECONDS),
    )
    stage.settle()  # so that every member's node knows the study
    for district in DISTRICTS:
        stage.ledger(district).training.get(study.id).join(HOURS)
    study.start().wait()
    stage.line("two masked rounds; the model stands as an asset of all four")
    return study.result()


def _forecasts(day: Day, shared: Estimator) -> tuple[dict[str, float], Bids]:
    """How far each way is off in the traded hours, in kilowatt-hours; and the bids of the shared model."""
    off: dict[str, list[float]] = {}
    bids: Bids = [{} for _ in range(AUCTIONS)]
    schema = tasks.schema_for(max(float(np.abs(day.before(home)).max()) for home in day.homes))
    for home in day.homes:
        power = day.power(home)
        rows = tasks.columns(power)[day.begins - tasks.LOOK :][:AUCTIONS]
        truth = power[day.begins : day.begins + AUCTIONS]
        answers = {
            "one model of all homes": shared.predict(rows),
            "each home's own model": _own(day, home, schema).predict(rows),
            "the last hour": power[day.begins - 1 : day.begins + AUCTIONS - 1],
            "the same hour yesterday": power[day.begins - 24 : day.begins + AUCTIONS - 24],
        }
        for name, found in answers.items():
            off.setdefault(name, []).append(float(np.abs(found - truth).mean()))
        for number, value in enumerate(answers["one model of all homes"].tolist()):
            bids[number][home] = round(value * 1_000)
    return {name: sum(found) / len(found) for name, found in off.items()}, bids


def _own(day: Day, home: str, schema: Schema) -> Estimator:
    table = tasks.table_of(home, day.before(home), schema)
    return Estimator(train(recipe(tasks.RECIPE), dict(tasks.PARAMETERS), {home: table}).model)


def _open(stage: Stage, street: Street) -> None:
    """Units, market, accounts and meters."""
    each = street.found()
    street.open_market(each)
    stage.line(
        f"the grid sells at {DRAW} cents a kWh, buys at {FEED}, and takes {THROUGH} for each kWh it carries"
    )
    stage.line(f"{len(street.day.homes)} meters named by their homes' districts, accepted by the grid")


def _trade(stage: Stage, street: Street, bids: Bids) -> Receipt:
    """The day; gives the receipt of the bills that are to be proved, which are one home's alone."""
    day = street.day
    for number in range(AUCTIONS):
        price = street.hour(number, bids[number])
        if price is not None:
            stage.moving(f"hour {number + 1} of {AUCTIONS}: {price} cents a kWh")
        if number == LEAVES_AT:
            _leave(street, number)
        if number in CHEATS_AFTER:
            street.bring(number)
        if number == CHEATS_AFTER[0]:
            _cheat(stage, street)
        if number == CHEATS_AFTER[-1]:
            _gone(stage, street)
    receipt = street.bring(AUCTIONS - 1, apart=_owner(day))
    traded = sum(one["traded"] for one in street.billed if one["traded"] > 0)
    if receipt is None or not traded:
        raise StoryFailed("nothing was traded all day")
    stage.line(
        f"{AUCTIONS} auctions: sealed orders, one price for all; {traded / 1000:.1f} kWh changed hands"
    )
    stage.line(
        f"{len(street.billed)} readings, each signed by its meter, billed as record batches of the districts"
    )
    return receipt


def _owner(day: Day) -> str:
    """The home whose bill is proved."""
    return day.districts[DISTRICTS[0]][0]


def _cheat(stage: Stage, street: Street) -> None:
    """A district brings a reading that its home's meter did not sign, and one a second time."""
    district = DISTRICTS[1]
    home = street.day.districts[district][0]
    meters = stage.ledger(district).meters
    other = SigningKey(blob_id(b"not in a meter" + stage.network))
    tried = {
        "a reading that another key signed": street.reading(district, home, street.read + 1, other),
        "a reading a second time": street.reading(district, home, street.read),
    }
    until(street.begins(street.read + 2))
    for what, reading in tried.items():
        try:
            due(partial(meters.read, street.open, [reading]))
        except TransactionRefused as refused:
            stage.catch(f"{district} brings {what}", "every node", refused.code)
            continue
        raise StoryFailed(f"{what} was billed")


def _leave(street: Street, number: int) -> None:
    """A home has its meter count no more after this hour."""
    district = DISTRICTS[-1]
    home = street.day.districts[district][-1]
    receipt = street.stage.ledger(district).meters.detach(street.open, street.account(district, home))
    last = next(event.body["until"] for event in receipt.events if event.name == "market.meter_detached")
    street.left = home, (last if isinstance(last, int) else number) + 1


def _gone(stage: Stage, street: Street) -> None:
    """The home that left takes its money along, and cannot trade any more."""
    district, (home, first) = DISTRICTS[-1], street.left
    account, ledger = street.account(district, home), stage.ledger(district)
    street.taken = street.cash(account)
    ledger.market.take(street.open, street.open.terms.quote, street.taken, account)
    stage.line(
        f"{home} left after hour {first}, its bills paid, with the {street.taken / EURO:.2f} euro it had"
    )
    try:
        street.try_order(district, home)
    except TransactionRefused as refused:
        stage.catch(f"{district} hands in an order for {home}", "every node", refused.code)
        return
    raise StoryFailed(f"{home} left and trades on")


def _compare(stage: Stage, street: Street) -> tuple[dict[str, Any], Metric]:
    """What each home pays alone, and paid; as the same hours come to when they are played again."""
    day, metering = street.day, street.metering
    before, again = dict.fromkeys(day.homes, 0), dict.fromkeys(day.homes, 0)
    best = 0
    for number in range(AUCTIONS):
        net = {home: units for home, units in day.traded(number).items() if not street.has_left(home, number)}
        for home, cost in alone(net, metering).items():
            before[home] += cost
        for home, bill in play(street.bids[number], net, metering, REFERENCE).bills.items():
            again[home] += bill.total
        best += sum(bill.total for bill in play(net, net, metering, REFERENCE).bills.values())
    paid = {}
    for district, homes in day.districts.items():
        for home in homes:
            left = street.taken if home == street.left[0] else street.cash(street.account(district, home))
            paid[home] = FUNDS - left
    if paid != again:
        raise StoryFailed("the ledger's bills are not those of the same orders played again")
    grid = street.cash(GRID) - GRID_FUNDS
    if sum(paid.values()) != grid:
        raise StoryFailed("cash does not add up to nothing")
    room = max(map(len, day.homes))
    for home in day.homes:
        alone_pays, pays = before[home] / EURO, paid[home] / EURO
        stage.line(f"{home:{room}}  {alone_pays:6.2f} euro alone, {pays:6.2f} in the community")
    stage.line(
        "the same orders and readings, played again by one process, come to the same bills, to the last part "
        "of a cent"
    )
    stage.line(
        f"cash: the homes paid {sum(paid.values()) / EURO:.5f} euro, the grid got {grid / EURO:.5f}: "
        "nothing is left over"
    )
    all_before, all_paid = sum(before.values()), sum(paid.values())
    kept = (all_before - all_paid) / (all_before - best) if all_before != best else 0.0
    stage.line(
        f"all homes: {all_before / EURO:.2f} euro alone, {all_paid / EURO:.2f} together; "
        f"{kept:.0%} of what perfect foresight would save"
    )
    bills = {home: {"before": before[home], "after": paid[home]} for home in day.homes}
    more = {"bills": bills, "grid": grid, "cash": grid - all_paid, "kept": kept, "hour_ms": street.beat}
    baselines = {"alone": all_before / EURO, "perfect foresight": best / EURO}
    return more, Metric("bills of the day, all homes", "euro", "lower", all_paid / EURO, baselines)


def _forecast_metric(errors: Mapping[str, float]) -> Metric:
    ours = "one model of all homes"
    others = {name: error for name, error in errors.items() if name != ours}
    return Metric("forecast of the next hour, mean error", "kWh", "lower", errors[ours], others, ours)


def _prove(stage: Stage, street: Street, receipt: Receipt) -> Path:
    """A proof of one home's newest bills, checked by somebody outside."""
    proof, home = stage.folder / "bill.proof", _owner(street.day)
    stage.settle()
    proof.write_bytes(stage.client(DISTRICTS[0]).proof(receipt.transaction))
    if not stage.outside(proof)["ok"]:
        raise StoryFailed(f"the proof of {home}'s bill is refused")
    bills = [event.body for event in receipt.events if event.name == "market.billed"]
    stage.line(
        f"bill.proof shows {home} its last {len(bills)} hours' bills, and nobody else's, without a connection"
    )
    return proof


STORY = Story(members=(GRID, *DISTRICTS), prepare=prepare, tell=tell, rejects=True)
