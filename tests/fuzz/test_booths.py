"""Random elections and named attacks, all foretold by an auditor that misses no guard that is taken away."""

import pytest

from consortia.app import application
from consortia.modules.ballots import handlers, keeper, state
from consortia.testing.auditors import Found
from consortia.testing.auditors.booth import Booth
from consortia.testing.auditors.guards import guards, taken_away
from tests.fuzz.sampling import some

pytestmark = pytest.mark.slow
BOOTH_MOVES = 150
MOVES_MAX = 3_000
EQUIVALENT_MOVES = 300

GUARDS = [guard for room in (handlers, keeper, state) for guard in guards(room)]

PRESSED = {
    "check_sealing_key": "bad_proof",
    "check_coefficients": "bad_proof",
    "check_shares": "bad_point",
    "check_ballot": "bad_proof",
    "check_partial": "bad_proof",
    "check_asked": "bad_times",
    "_check_between": "too_early",
}
"""Which refusal is pressed for where a check is taken away that refuses for several."""


AT = {
    "commit_key": "commit",
    "open_key": "open",
    "complain": "complain",
    "begin_voting": "begin",
    "cast": "vote",
    "close_voting": "close",
    "decrypt": "decrypt",
    "end_election": "end",
}
"""At which step a function's guard is hunted."""

WHERE = {"other_sum": "decrypt", "not_committed": "open", "no_share": "complain", "share_fits": "complain"}


def play(wanted, press=""):
    done, seed, codes = 0, 0, set()
    while done < wanted:
        booth = Booth(seed, press)
        while booth.moves < BOOTH_MOVES and done + booth.moves < wanted:
            booth.move()
        done, seed, codes = done + booth.moves, seed + 1, codes | booth.codes
    return codes


def test_every_answer_and_effect_of_random_elections_is_as_foretold(programme):
    codes = play(programme(quick=300, test=1_000, nightly=1_000_000))
    assert "ok" in codes


def test_pressed_for_every_refusal_is_met():
    (module,) = (module for module in application().modules if module.name == "ballots")
    for refusal in module.refusals:
        codes, seed = set(), 0
        while refusal.code not in codes:
            booth = Booth(seed, refusal.name, WHERE.get(refusal.name, ""))
            while booth.moves < BOOTH_MOVES and refusal.code not in booth.codes:
                booth.move()
            codes, seed = codes | booth.codes, seed + 1
            assert seed < 20, refusal.code


def hunt(guard, moves_max):
    """Play booths until the auditor finds that a guard is missing; the number of moves it took, or None."""
    done, seed = 0, 0
    press = PRESSED.get(guard.what, guard.what)
    at = "commit" if guard.what == "not_as_committed" else AT.get(guard.function, "")  # it is done there
    while done < moves_max:
        booth = Booth(seed, press, at)
        try:
            while booth.moves < BOOTH_MOVES:
                booth.move()
        except Found:
            return done + booth.moves
        done, seed = done + booth.moves, seed + 1
    return None


@pytest.mark.alarm
@pytest.mark.parametrize("guard", some(GUARDS, lambda guard: f"{guard.name} {guard.line}"))
def test_a_guard_that_is_taken_away_is_missed_by_the_auditor(guard):
    with taken_away(guard):
        assert hunt(guard, MOVES_MAX) is not None


def test_every_guard_is_back_after_the_hunt():
    assert len(GUARDS) >= 20
    assert hunt(GUARDS[0], EQUIVALENT_MOVES) is None


def test_the_same_seed_plays_the_same_elections_again():
    booths = [Booth(3), Booth(3)]
    for booth in booths:
        while booth.moves < 60:
            booth.move()
    assert booths[0].auditor.entries() == booths[1].auditor.entries()
