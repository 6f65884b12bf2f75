"""Paper mode: the auctions of the ledger to the unit, costs, a loss limit, and the same bits each time."""

import subprocess
import sys

import pytest

from consortia.engines.infer.trader import ModelTrader, ProgramTrader, tilted
from consortia.engines.train.api import RecipeError
from consortia.exact.desk import Terms
from consortia.exact.signals import PPM
from consortia.solutions.finance.trading.figures import drawdown, figures, sharpe
from consortia.solutions.finance.trading.learning import LOOK, PARAMETERS, RECIPE, dealt, learned, rows
from consortia.solutions.finance.trading.paper import replay, terms_for
from consortia.solutions.finance.trading.prices import Prices
from consortia.solutions.finance.trading.strategies import STRATEGIES
from consortia.solutions.finance.trading.walks import walk

PRICES = walk(1, 130, 4)
DIGEST = """
from tests.solutions.finance.test_paper import played
print(played(500).digest)
"""


def played(fee, prices=PRICES, loss_ppm=PPM):
    terms = dict.fromkeys(STRATEGIES, terms_for(prices, loss_ppm=loss_ppm))
    traders = {name: ProgramTrader(one) for name, one in STRATEGIES.items()}
    return replay(prices, traders, terms, look=LOOK, fee_ppm=fee)


def test_value_is_conserved_but_for_fees():
    free, costly = played(0), played(500)
    for name, paper in costly.papers.items():
        assert paper.fees > 0
        assert free.papers[name].fees == 0
    assert all(len(paper.worth) == len(free.days) for paper in free.papers.values())


def test_equal_weight_earns_what_its_stocks_earn_on_average():
    closes = tuple(tuple([10_000] * LOOK + [10_000, 10_000 + 100 * at]) for at in range(4))
    days = tuple(f"d{at:03}" for at in range(LOOK + 2))
    prices = Prices("by hand", days, ("a", "b", "c", "d"), closes, 2)
    paper = played(0, prices).papers["equal weight"]
    assert paper.worth[-1] * 10_000 == paper.terms.capital * 10_150


def test_the_same_prices_give_the_same_fills_in_another_process():
    done = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == played(500).digest != played(0).digest


def test_a_trader_at_its_loss_limit_makes_no_order_any_more():
    stopped = [paper for paper in played(500, loss_ppm=2_000).papers.values() if paper.stopped is not None]
    assert stopped
    for paper in stopped:
        assert not any(paper.traded[paper.stopped :])


def test_a_model_learned_from_prices_trades_in_integers():
    model = ModelTrader(learned(PRICES.part(0, 100), ("a", "b")), 4)
    run = replay(PRICES, {"model": model}, {"model": terms_for(PRICES)}, look=LOOK, fee_ppm=0)
    again = replay(PRICES, {"model": model}, {"model": terms_for(PRICES)}, look=LOOK, fee_ppm=0)
    assert run.digest == again.digest
    assert run.papers["model"].orders > 0


def test_rows_to_learn_from_say_whether_the_next_close_was_higher():
    (first, *_) = rows(PRICES, PRICES.stocks[:1])
    close = PRICES.closes[0]
    assert first[-1] == str(int(close[LOOK] > close[LOOK - 1]))
    assert int(first[0]) == close[LOOK - 1] * PPM // close[LOOK - 6] - PPM
    assert dealt("abcde", ("x", "y")) == {"x": ("a", "c", "e"), "y": ("b", "d")}
    assert RECIPE == "glm.logistic"
    assert PARAMETERS["rounds"] == 4


def test_a_model_of_other_columns_does_not_trade():
    from tests.engines.test_infer import MODEL

    with pytest.raises(RecipeError, match="no signal"):
        ModelTrader(MODEL, 4)


def test_the_weights_of_a_model_never_add_up_to_more_than_there_is():
    assert tilted(450_000, 4) == 0
    assert tilted(550_000, 4) == tilted(PPM, 4) == PPM // 4
    assert 0 < tilted(500_000, 3) < PPM // 3


def test_figures_are_those_of_the_textbook():
    assert drawdown([100, 120, 90, 130]) == pytest.approx(0.25)
    assert sharpe([100, 100, 100]) == 0.0
    assert sharpe([100, 110, 105], days=4) == pytest.approx(
        (0.1 - 5 / 110) / 2 / (abs(0.1 + 5 / 110) / 2**0.5) * 2
    )


def test_turnover_is_the_value_traded_a_year_over_the_mean_equity():
    paper = played(0).papers["momentum"]
    years = len(paper.traded) / 252
    expected = sum(paper.traded) / (sum(paper.worth) / len(paper.worth)) / years
    assert figures(paper).turnover == pytest.approx(expected)
    assert Terms(1, 1, 1, 0, 1, 1) != paper.terms
