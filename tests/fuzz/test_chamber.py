"""Governance under random work and named attacks, held to its auditor; and each of its guards taken away."""

import os

import pytest

from consortia.modules.governance import acts, advice, council, counting, handlers, secrecy, voice
from consortia.modules.governance.refusals import REFUSALS
from consortia.modules.training import raising
from consortia.testing.auditors import Found
from consortia.testing.auditors.chamber import Chamber
from consortia.testing.auditors.guards import guards, taken_away
from tests.fuzz.sampling import some

CHAMBER_MOVES = 300
"""A chamber is left after so many moves: short ones, because a slow model slows down as it grows."""

MOVES_MAX = 15_000
"""A missing guard is found within so many moves, most within a few hundred."""

ROOMS = (handlers, secrecy, voice, council, advice, acts, raising)
GUARDS = [guard for room in ROOMS for guard in guards(room)]

EQUIVALENT = {
    "modules.governance.advice._agent not_in_mandate": (
        "only an agent's key has the role that these messages take, and an agent's key has a mandate"
    ),
}
"""Guards that no transaction can come to, and why: they are there for the reader and the type checker."""

ELSEWHERE = {
    "modules.governance.handlers.load_genesis bad_charter": (
        "no chamber begins with such a charter; `a network does not begin with such a charter` tries it"
    ),
    "modules.governance.handlers.agent_in advice_only": (
        "eight decisions about one agent are rare in 300 moves; the scenario `an agent that was worse "
        "than always yes votes` of the vectors does"
    ),
    "modules.governance.handlers.execute check": (
        "a pause seldom meets a lock's end; `an action whose method is paused waits` tries it"
    ),
    "modules.governance.acts.set_parameter bad_bounds": (
        "two executions in a row are rare in 300 moves; `a parameter stays within its bounds` tries it"
    ),
    "modules.governance.advice.advise not_elector": (
        "nobody who joins a chamber has an agent before its only proposal's vote is over; the scenario "
        "`an agent of one that joined later advises` of the vectors does"
    ),
}
"""Guards that these chambers are too small for."""

SECOND_LOOK = "modules.governance.handlers.execute other_content"
"""The second guard of this name hashes the kept proposal again: nothing rewrites one, so it cannot differ."""

EQUIVALENT_MOVES = 900


LAST = {guard.name: guard for guard in GUARDS}
HUNTED = [
    guard
    for guard in GUARDS
    if guard.name not in EQUIVALENT | ELSEWHERE
    and not (guard.name == SECOND_LOOK and guard is LAST[SECOND_LOOK])
]


def play(wanted, first_seed=0):
    """Play chambers until so many moves are done; what was answered."""
    done, seed, codes = 0, first_seed, set()
    while done < wanted:
        chamber = Chamber(seed)
        while chamber.moves < CHAMBER_MOVES and done + chamber.moves < wanted:
            chamber.block()
        done, seed, codes = done + chamber.moves, seed + 1, codes | chamber.codes
    return codes


def hunt(moves_max):
    """The number of moves after which the auditor found something, or None."""
    done, seed = 0, 1_000
    while done < moves_max:
        chamber = None
        try:
            chamber = Chamber(seed)
            while chamber.moves < CHAMBER_MOVES:
                chamber.block()
        except Found:
            return done + (0 if chamber is None else chamber.moves)
        done, seed = done + chamber.moves, seed + 1
    return None


@pytest.mark.slow
def test_every_answer_and_effect_of_deciding_is_as_foretold(programme):
    asked = os.environ.get("CONSORTIA_OPERATIONS")
    wanted = int(asked) if asked else programme(quick=1_500, test=30_000, nightly=1_000_000)
    codes = play(wanted)
    if wanted >= 30_000:
        assert {refusal.code for refusal in REFUSALS} <= codes


def test_the_same_seed_plays_the_same_chamber_again():
    chambers = [Chamber(3) for _ in range(2)]
    for chamber in chambers:
        while chamber.moves < 100:
            chamber.block()
    assert chambers[0].bench.state.entries() == chambers[1].bench.state.entries()
    assert chambers[0].tip == chambers[1].tip


@pytest.mark.slow
@pytest.mark.parametrize("guard", some(HUNTED))
def test_a_guard_of_deciding_that_is_taken_away_is_missed(guard):
    with taken_away(guard):
        assert hunt(MOVES_MAX) is not None


@pytest.mark.slow
def test_an_owner_that_is_outvoted_about_its_own_data_is_missed(monkeypatch):
    monkeypatch.setattr(counting, "owners_agree", lambda *_: True)
    assert hunt(MOVES_MAX) is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    "guard", [guard for guard in GUARDS if guard.name in EQUIVALENT], ids=lambda g: g.name
)
def test_a_guard_of_what_cannot_be_changes_nothing(guard):
    with taken_away(guard):
        assert hunt(EQUIVALENT_MOVES) is None


def test_every_guard_is_back_after_the_hunt():
    assert hunt(EQUIVALENT_MOVES) is None


def test_the_list_of_equivalent_guards_names_only_what_stands():
    assert set(EQUIVALENT | ELSEWHERE) | {SECOND_LOOK} <= {guard.name for guard in GUARDS}
