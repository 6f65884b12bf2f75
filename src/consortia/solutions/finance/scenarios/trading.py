"""The story of four firms whose delegates trade in sealed auctions, within limits that anybody can check.

Real: the processes, keys, sockets, ledger, study, mandates, auctions and checks. Made up, unless `--data`
names prices: the stocks. Simulated: that the members are apart, and the rest of the world, whose two desks
buy and sell at the day's price. A day is a row of auctions, one a close.
"""

import time
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from consortia.engines.infer.trader import ModelTrader, ProgramTrader, Trader
from consortia.exact.desk import Terms
from consortia.sdk.errors import IdentifierWarning, TransactionRefused
from consortia.sdk.market import Receipt
from consortia.sdk.training import Times
from consortia.solutions.finance.scenarios.floor import EXCHANGE, SIDE, WASHED, Delegate, Floor
from consortia.solutions.finance.trading import day as of
from consortia.solutions.finance.trading.day import Day, prepare
from consortia.solutions.finance.trading.figures import NO_CLAIM, YEAR, figures
from consortia.solutions.finance.trading.learning import HEADER, LABEL, LOOK, PARAMETERS, RECIPE, dealt, rows
from consortia.solutions.finance.trading.paper import Paper, replay
from consortia.solutions.finance.trading.strategies import STRATEGIES
from consortia.solutions.story import Metric, Stage, Story, StoryFailed, Told

MOMENTUM, CALM, LEARNED, EQUAL = FIRMS = ("atlas", "boreas", "castor", "delos")
RUNS = {
    MOMENTUM: "momentum",
    CALM: "inverse volatility",
    LEARNED: "the learned model",
    EQUAL: "equal weight",
}
MODULE = "consortia.solutions.finance.trading.strategies"
PROGRAMS = {MOMENTUM: "momentum", CALM: "inverse_volatility", EQUAL: "equal_weight"}
STOCKS = tuple(f"stock{number}" for number in range(1, of.STOCKS + 1))
STUDY, NOTES = "trend", "notes"
STEP_MILLISECONDS = 20_000
EVERY = 2
"""A row to learn from every so many days."""

BEAT_MS, BEAT_MS_MAX = 2_400, 15_000
LATE_AT, KILLED_AT = 2, 3
CLOSING = (
    """Simulated: that the members are apart, and the rest of the world, whose two desks buy and sell at the
    day's price. Fees stand for all costs.""",
    NO_CLAIM,
)


def tell(stage: Stage, day: Day) -> Told:
    """Play the story."""
    stage.chapter("1. An exchange and four firms found a network")
    stage.build("trading")
    stage.chapter("2. The firms train a model on their own notes; only masked sums leave them")
    with warnings.catch_warnings():  # how much a price swung is a measure, though no two of them are alike
        warnings.simplefilter("ignore", IdentifierWarning)
        traders = _learn(stage, day)
    stage.chapter("3. Paper mode first: the same auctions, with nothing at stake")
    papers = _paper(stage, day, traders)
    stage.chapter("4. Each firm lets a delegate trade, under a mandate")
    floor = _empower(stage, day, traders)
    stage.chapter(f"5. A day of sealed auctions in {of.STOCKS} stocks")
    receipt, auctions = _trade(floor)
    gains = _compare(floor, traders, auctions)
    stage.chapter("6. Somebody outside plays the day again, and checks a proof")
    played = _again(floor)
    proof = _prove(floor, receipt)
    more = {"auctions": auctions, "replayed": played, "gains": gains, "moves_cut": day.cut, "claim": NO_CLAIM}
    return Told(proof, _metrics(papers, gains), tuple(" ".join(text.split()) for text in CLOSING), more)


def _learn(stage: Stage, day: Day) -> dict[str, Trader]:
    """The study, and what each firm runs from then on."""
    for firm, stocks in dealt(day.learned.stocks, FIRMS).items():
        cells = [dict(zip(HEADER, row, strict=True)) for row in rows(day.learned, stocks, EVERY)]
        stage.ledger(firm).assets.register_dataset(
            cells, name=NOTES, process=["*"], purposes=["trading"], title=f"Notes on {', '.join(stocks)}"[:80]
        )
        stage.line(f"{firm}: {len(cells)} rows on {', '.join(stocks)}; their salted hash is on the ledger")
    study = stage.ledger(LEARNED).training.propose(
        STUDY,
        data=NOTES,
        label=LABEL,
        recipe=RECIPE,
        parameters=PARAMETERS,
        purpose="trading",
        members=FIRMS,
        times=Times(120_000, STEP_MILLISECONDS, STEP_MILLISECONDS),
    )
    stage.settle()  # so that every member's node knows the study
    for firm in FIRMS:
        stage.ledger(firm).training.get(study.id).join(NOTES)
    study.start().wait()
    model = stage.client(LEARNED).blob(study.view().progress.state, "trading")
    stage.line(f"{PARAMETERS['rounds']} masked rounds; the model stands as an asset of {study.model().owner}")
    traders: dict[str, Trader] = {firm: ProgramTrader(STRATEGIES[RUNS[firm]]) for firm in PROGRAMS}
    traders[LEARNED] = ModelTrader(model, of.STOCKS)
    return {firm: traders[firm] for firm in FIRMS}


def _paper(stage: Stage, day: Day, traders: dict[str, Trader]) -> dict[str, Paper]:
    """What each would have earned over the days before."""
    run = replay(day.traded, traders, _terms({}), look=LOOK, fee_ppm=of.FEE_PPM)
    for firm, paper in run.papers.items():
        one = figures(paper)
        stage.line(
            f"{firm}, {RUNS[firm]}: Sharpe {one.sharpe:.2f}, drawdown {one.drawdown:.1%}, "
            f"turnover {one.turnover:.1f} a year, costs {one.costs:.2%}"
        )
    stage.line(f"{run.auctions} auctions on {len(run.days) - 1} days that the model has not learned from")
    return run.papers


def _terms(limits: Mapping[str, int]) -> dict[str, Terms]:
    """The terms of the four, with a loss limit where one is given."""
    return {firm: of.terms(limits.get(firm, of.CAPITAL // 5)) for firm in FIRMS}


def _empower(stage: Stage, day: Day, traders: dict[str, Trader]) -> Floor:
    """Units, markets, mandates; the delegate that paper mode sees lose most gets a limit to meet."""
    run = replay(day.whole(of.AUCTIONS - 2), traders, _terms({}), look=LOOK, fee_ppm=of.FEE_PPM)
    worst = {firm: of.CAPITAL - min(paper.worth) for firm, paper in run.papers.items()}
    tight = max(FIRMS, key=lambda firm: worst[firm])
    limit = max(1, worst[tight] // 2)
    floor = Floor(stage, day, tight)
    for firm in FIRMS:
        program = f"{MODULE}:{PROGRAMS[firm]}" if firm in PROGRAMS else ""
        floor.delegates[firm] = Delegate(
            firm, program or STUDY, program, limit if firm == tight else of.CAPITAL // 5
        )
    floor.found(STOCKS, FIRMS)
    began = time.monotonic()
    with ThreadPoolExecutor(len(FIRMS)) as pool:
        list(pool.map(floor.grant, floor.delegates.values()))
    spent = time.monotonic() - began
    stage.line("four mandates: hand in, open, stop; caps in cash and in every stock; seven days")
    stage.line(
        f"{tight}'s delegate stops itself at a loss of {limit / of.CAPITAL:.2%}: low, so that you see it"
    )
    floor.beat = int(min(max(BEAT_MS, spent * 1_000), BEAT_MS_MAX))
    floor.open(STOCKS, FIRMS, spent)
    for delegate in floor.delegates.values():
        floor.run(delegate)
    return floor


def _trade(floor: Floor) -> tuple[Receipt, int]:
    """The day; it goes on a little where something that it shows has not happened, on a busy machine."""
    stage, tight = floor.stage, floor.delegates[floor.tight]
    receipt: Receipt | None = None
    number, killed, told = 0, "", False
    stage.line(f"an auction every {floor.beat / 1000:.1f} s: handed in sealed, opened, cleared at one price")
    while number < of.AUCTIONS + of.MORE:
        aside = floor.to_and_fro(CALM, EQUAL) if number and not floor.washed else ()
        meanwhile = floor.crash if number >= KILLED_AT and not floor.killed else floor.nothing
        settled = floor.auction(number, aside, meanwhile)
        stage.line(floor.described(number))
        receipt = settled or receipt
        if floor.killed and not killed:
            killed = floor.killed
            _tell_killed(floor)
        if number == LATE_AT:
            _late(floor)
        if not told and not tight.is_running and floor.key_stopped(floor.tight):
            told = True
            stage.catch(
                f"the delegate of {floor.tight} comes to its loss limit",
                "the delegate itself",
                "it stopped its own key in every market, and ended",
                word="stops",
            )
        number += 1
        if number >= of.AUCTIONS and told and floor.washed:
            break
    if not told or receipt is None:
        raise StoryFailed(f"the delegate of {floor.tight} did not meet its loss limit")
    _tell_wash(floor)
    return receipt, number


def _tell_killed(floor: Floor) -> None:
    """What became of the orders of the delegate that was killed."""
    lost = [one for one in floor.forfeited if one["account"] == floor.killed]
    how = "too late for one order, and lost its deposit" if lost else "it opened what it had handed in"
    floor.stage.catch(
        f"the delegate of {floor.killed} is killed between handing in and opening",
        "its diary",
        f"started again, {how}",
        word="resumes",
    )


def _late(floor: Floor) -> None:
    """Somebody hands an order in to an auction that is over."""
    try:
        floor.late(CALM)
    except TransactionRefused as refused:
        floor.stage.catch(f"an officer of {CALM} hands in an order for auction 0", "every node", refused.code)
        return
    raise StoryFailed("a late order was taken")


def _tell_wash(floor: Floor) -> None:
    if not floor.washed:
        raise StoryFailed("a wash trade was not flagged")
    who = " and ".join(floor.washed)
    floor.stage.catch(
        f"{who} trade {WASHED} units to and fro", "the ledger", "market.flagged, wash: people look at it"
    )


def _compare(floor: Floor, traders: dict[str, Trader], auctions: int) -> dict[str, float]:
    """What the delegates earned, beside what paper mode makes of the same prices."""
    limits = {firm: one.loss_max for firm, one in floor.delegates.items()}
    run = replay(floor.day.whole(auctions), traders, _terms(limits), look=LOOK, fee_ppm=of.FEE_PPM)
    gains = {}
    for firm, paper in run.papers.items():
        gain, foretold = floor.gain(firm), paper.worth[-1] - of.CAPITAL
        gains[firm] = gain / of.CAPITAL
        beside = (
            "as paper mode says, to the unit"
            if gain == foretold
            else f"paper mode says {foretold / of.CAPITAL:+.3%}"
        )
        floor.stage.line(f"{firm}, {RUNS[firm]}: {gain / of.CAPITAL:+.3%}, costs taken off; {beside}")
    return gains


def _again(floor: Floor) -> int:
    """The day's orders from the blocks of one firm, played again by a process that has only the file."""
    stage, file = floor.stage, floor.stage.folder / "day.csv"
    stage.settle()
    written = stage.run(CALM, "market", "record", *STOCKS, SIDE, "--out", str(file))
    found = stage.apart("market", "replay", str(file))
    if found["differences"] or not found["recorded"]:
        raise StoryFailed("the day played again came to something else")
    count = len(found["auctions"])
    stage.line(f"{written['orders']} orders of {count} auctions: every price and every account, to the unit")
    return count


def _prove(floor: Floor, receipt: Receipt) -> Path:
    """A proof of the last settlement, checked by somebody outside."""
    proof = floor.stage.folder / "settlement.proof"
    proof.write_bytes(floor.stage.client(CALM).proof(receipt.transaction))
    verdict = floor.stage.outside(proof)
    if not verdict["ok"]:
        raise StoryFailed("the proof of the last settlement is refused")
    floor.stage.line("settlement.proof shows the last auction's prices and fills, without a connection")
    return proof


def _metrics(papers: dict[str, Paper], gains: dict[str, float]) -> tuple[Metric, ...]:
    """The learned model beside the others: equal weight first."""
    order = (EQUAL, CALM, MOMENTUM)
    found = {firm: figures(paper, YEAR) for firm, paper in papers.items()}
    better: dict[str, Literal["higher", "lower"]] = {
        "sharpe": "higher",
        "drawdown": "lower",
        "turnover": "lower",
    }
    named = {"sharpe": "Sharpe ratio", "drawdown": "drawdown", "turnover": "turnover"}
    units = {"sharpe": "ratio", "drawdown": "share", "turnover": "of the equity a year"}
    made = [
        Metric(
            f"{named[name]} in paper mode, costs taken off",
            units[name],
            better[name],
            float(getattr(found[LEARNED], name)),
            {RUNS[firm]: float(getattr(found[firm], name)) for firm in order},
            RUNS[LEARNED],
        )
        for name in better
    ]
    day, what = {RUNS[firm]: gains[firm] for firm in order}, "gain of the day on the ledger, costs taken off"
    return (*made, Metric(what, "share", "higher", gains[LEARNED], day, RUNS[LEARNED]))


STORY = Story(members=(EXCHANGE, *FIRMS), prepare=prepare, tell=tell)
