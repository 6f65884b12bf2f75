"""energy.community: what seventeen homes save in a year by the product's auction and meters.

Each hour is an auction of `modules/market`: homes bid what they expect to draw or feed in, in watt-hours;
what was traded and not metered, or metered and not traded, is billed at the grid's tariff, which pays nothing
for power fed in. Cleared on what the meters said, the saving must be that of perfect matching (the lesser of
all that is drawn and all that is fed in, at the tariff). On bids of the hour before it, each from a linear
model of the home's own readings, trained anew every 28 days on what was read by then, a part is left. Beside:
bids of the last hour's reading, and of one model for all homes by (masked) sums. A day is played on a ledger
as well, and every account and bill must be as here. Read from the folder that CONSORTIA_DATA names.
"""

import json

import numpy as np

from bench.energy_data import HOMES, year
from bench.energy_ledger import Street
from bench.health_data import absent
from consortia.engines.infer.estimator import Estimator
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.sdk.meters import Metering
from consortia.solutions.city import tasks
from consortia.solutions.city.community import alone, play

NAME = "energy.community"
UNIT = "of the perfect-matching saving, hour-ahead bids"
BAR = (
    "metered hours: 100 % +- 0.1; hour-ahead bids, deviations at the grid tariff: >= 52 % over the year "
    "(last hour 45.8 % beside); cash exactly 0"
)
EVERY_HOURS = 28 * 24
DAY = 200
"""The day that is played on a ledger: a sunny one."""

RECIPE = recipe(tasks.RECIPE)


def metering_at(draw):
    return Metering("grid", int(draw), 0, 0, 3_000_000, 600_000)


def saved(bids, net, tariff):
    """What the community saves, and what all cash comes to: homes' and the grid's, in both legs."""
    before = after = cash = 0
    for hour, draw in enumerate(tariff.tolist()):
        metering = metering_at(draw)
        here = {home: int(net[home][hour]) for home in HOMES}
        done = play({home: int(bids[home][hour]) for home in HOMES}, here, metering, draw // 2)
        before += sum(alone(here, metering).values())
        after += sum(bill.total for bill in done.bills.values())
        cash += done.grid - sum(bill.total for bill in done.bills.values())
    return before - after, before, cash


def matched(net, tariff):
    """The saving of perfect matching."""
    all_net = np.stack([net[home] for home in HOMES])
    drawn, fed = np.maximum(all_net, 0).sum(0), np.maximum(-all_net, 0).sum(0)
    return int((np.minimum(drawn, fed) * tariff).sum())


def last_hour(net):
    return {home: np.concatenate([[0], values[:-1]]) for home, values in net.items()}


def forecast(net, *, together):
    """Hour-ahead bids: by each home's own model, or one of all; the last hour until there is one."""
    bids = {home: values.copy() for home, values in last_hour(net).items()}
    power = {home: values / 1_000 for home, values in net.items()}
    hours = len(next(iter(net.values())))
    for begin in range(EVERY_HOURS, hours, EVERY_HOURS):
        end = min(begin + EVERY_HOURS, hours)
        largest = max(float(np.abs(values[:begin]).max()) for values in power.values())
        schema = tasks.schema_for(largest)
        tables = {home: tasks.table_of(home, power[home][:begin], schema) for home in HOMES}
        shared = train(RECIPE, dict(tasks.PARAMETERS), tables).model if together else b""
        for home in HOMES:
            own = shared or train(RECIPE, dict(tasks.PARAMETERS), {home: tables[home]}).model
            rows = tasks.columns(power[home][:end])[begin - tasks.LOOK : end - tasks.LOOK]
            bids[home][begin:end] = np.rint(Estimator(own).predict(rows) * 1_000)
    return bids


def on_a_ledger(bids, net, tariff):
    """Play a day on a ledger; raises where an account differs from what is said here."""
    hours = range(DAY * 24, DAY * 24 + 24)
    draw = int(tariff[hours[0]])
    metering, street = metering_at(draw), Street(HOMES, draw)
    expected = dict.fromkeys(HOMES, 0)
    for number, hour in enumerate(hours):
        here = {home: int(net[home][hour]) for home in HOMES}
        wanted = {home: int(bids[home][hour]) for home in HOMES}
        for home, bill in play(wanted, here, metering, draw // 2).bills.items():
            expected[home] += bill.total
        street.hour(number, wanted, here)
    if street.paid() != expected or street.cash() != 0:
        raise RuntimeError("the ledger comes to something else")
    return len(hours)


def run() -> list[dict]:
    found = year()
    if found is None:
        return absent(NAME, UNIT, BAR, "city/citylearn2022")
    load, made, tariff = found
    net = {home: load[home] - made[home] for home in HOMES}
    ceiling = matched(net, tariff)
    cleared, before, cash = saved(net, net, tariff)
    ways = {
        "own": forecast(net, together=False),
        "together": forecast(net, together=True),
        "last hour": last_hour(net),
    }
    results = {name: saved(bids, net, tariff) for name, bids in ways.items()}
    share = {name: gain / ceiling for name, (gain, _, _) in results.items()}
    cash = [cash, *(left for _, _, left in results.values())]
    played = on_a_ledger(ways["own"], net, tariff)
    perfect = cleared / ceiling
    met = abs(perfect - 1) <= 0.001 and share["own"] >= 0.52 and not any(cash)
    note = (
        f"a year of {len(HOMES)} homes; cleared on metered hours {perfect:.4%} of perfect matching, which is "
        f"{ceiling / before:.1%} of the bill without feed-in pay; hour-ahead bids: each home's own model "
        f"{share['own']:.1%}, one model of all by masked sums {share['together']:.1%}, last hour "
        f"{share['last hour']:.1%}: sharing adds nothing here; cash left over {cash}; "
        f"{played} hours on a ledger came to the same, to the unit"
    )
    return [
        {
            "id": NAME,
            "value": round(share["own"], 4),
            "unit": UNIT,
            "peer": "last hour's reading as the bid",
            "peer_value": round(share["last hour"], 4),
            "ratio": round(share["own"] / share["last hour"], 4),
            "bar": BAR,
            "met": bool(met),
            "note": note,
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row, indent=2))
