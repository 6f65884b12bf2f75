"""A line says whom a study waits for, for what, and until when."""

from consortia.cli.awaiting import WORDS, awaited_line
from consortia.modules.training.queries import Awaited
from consortia.modules.training.types import STEPS

DEADLINE = 1_000_000_000_000


def line(action, *members, status="running", deadline=DEADLINE, attempt=0, absent=(), answers=()):
    return awaited_line(Awaited(status, action, 2, attempt, members, answers, deadline), 7, absent)


def test_a_round_names_who_is_awaited_for_what_and_until_when():
    assert line("submit", "east", "west") == (
        "round 3 of 7 waits for updates from east, west until 2001-09-09 01:46:40 UTC"
    )
    assert line("reveal", "east", attempt=1).startswith("round 3 of 7, try 2 waits for shares that lift")
    assert line("keys").startswith("round 3 of 7 waits for keys for masks; nobody is awaited until 2001-")
    assert line("finish", deadline=None) == "round 3 of 7 waits for the model to be registered"


def test_a_dealer_that_owes_an_answer_is_awaited_for_that():
    assert line("submit", answers=("north",)) == (
        "round 3 of 7 waits for an answer to a complaint from north until 2001-09-09 01:46:40 UTC"
    )
    assert line("submit", "east", answers=("north", "west")).startswith(
        "round 3 of 7 waits for updates from east and an answer to a complaint from north, west until"
    )


def test_whoever_nobody_waits_for_is_named_too():
    said = line("submit", "east", absent=("north", "west"))
    assert said.endswith("UTC; not waited for since they missed a step: north, west")


def test_a_study_that_may_be_joined_says_until_when_and_by_whom():
    assert line("join", "west", status="proposed") == (
        "proposed; may be joined until 2001-09-09 01:46:40 UTC; awaited: west"
    )
    assert line("wait", status="finished") == "finished"


def test_there_are_words_for_every_step():
    assert {step for steps in STEPS.values() for step in steps} <= set(WORDS)
