"""The diary keeps what a worker decided on, through any crash."""

import os

import pytest

from consortia.base.hashing import DIGEST_BYTES
from consortia.modules.training.types import Outcome
from consortia.workers.diary import Diary, is_passing

STUDY, ROUND, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32


@pytest.fixture
def diary(tmp_path) -> Diary:
    return Diary(tmp_path / "diary")


def test_the_first_update_of_a_round_is_the_one_that_counts(diary):
    assert diary.keep_update(STUDY, ROUND, b"first") == b"first"
    assert diary.keep_update(STUDY, ROUND, b"second") == b"first"
    assert diary.update(STUDY, OTHER) is None


def test_a_result_is_read_back(diary):
    outcome = Outcome(b"\x04" * 32, b"\x05" * 32)
    diary.keep_result(STUDY, ROUND, outcome)
    assert diary.result(STUDY, ROUND) == outcome
    assert diary.result(STUDY, OTHER) is None


def test_only_the_newest_states_are_kept(diary):
    for index in range(5):
        diary.keep_state(STUDY, index, bytes([index]))
    assert diary.states(STUDY, 10) == [4, 3]
    assert diary.states(STUDY, 3) == [3]
    assert diary.state(STUDY, 4) == b"\x04"


def test_only_what_a_round_needs_while_it_lasts_is_passing(diary, tmp_path):
    diary.keep_update(STUDY, ROUND, b"update")
    diary.keep_result(STUDY, ROUND, Outcome(bytes(32), bytes(32)))
    diary.keep_secrets(STUDY, ROUND, b"secrets")
    diary.keep_cohort(STUDY, ROUND, ("east", "west"))
    diary.keep_plain(STUDY, 0, ROUND, b"plain")
    passing = set(tmp_path.glob("diary/*/*"))
    diary.keep_state(STUDY, 0, b"state")
    diary.keep_home(STUDY, 0, b"home")
    diary.stop(STUDY, "why")
    diary.noise_secret(bytes)
    assert {path for path in tmp_path.rglob("*") if path.is_file() and is_passing(path)} == passing
    assert len(passing) == 5


def test_past_rounds_are_let_go(diary):
    diary.keep_update(STUDY, ROUND, b"past")
    diary.keep_update(STUDY, OTHER, b"now")
    diary.forget_rounds(STUDY, [OTHER], 1)
    assert diary.update(STUDY, ROUND) is None
    assert diary.update(STUDY, OTHER) == b"now"


def test_the_secrets_of_a_past_round_are_overwritten_and_gone(diary):
    diary.keep_secrets(STUDY, ROUND, b"drawn for the past round")
    diary.keep_secrets(STUDY, OTHER, b"drawn for this round")
    (path,) = diary._of(STUDY).glob(f"secrets-{ROUND.hex()}")
    with path.open("rb") as still_open:
        diary.forget_rounds(STUDY, [OTHER], 1)
        assert still_open.read() == bytes(len(b"drawn for the past round") + DIGEST_BYTES)
    assert diary.secrets(STUDY, ROUND) is None
    assert diary.secrets(STUDY, OTHER) == b"drawn for this round"


def test_the_first_cohort_and_the_first_plain_update_are_the_ones_that_count(diary):
    assert diary.keep_cohort(STUDY, ROUND, ("east", "west")) == ("east", "west")
    assert diary.keep_cohort(STUDY, ROUND, ("east", "north")) == ("east", "west")
    assert diary.keep_plain(STUDY, 1, OTHER, b"first") == b"first"
    assert diary.keep_plain(STUDY, 1, OTHER, b"second") == b"first"
    assert diary.keep_plain(STUDY, 0, OTHER, b"past") == b"past"
    diary.forget_rounds(STUDY, [], 1)
    assert diary.plain(STUDY, 1, OTHER) == b"first"
    assert diary.plain(STUDY, 0, OTHER) is None


def test_the_secret_of_the_noise_is_drawn_once(diary):
    assert diary.noise_secret(lambda size: b"n" * size) == b"n" * 32
    assert diary.noise_secret(lambda size: b"m" * size) == b"n" * 32
    assert diary.studies() == []


def test_a_study_that_is_over_leaves_nothing(diary):
    assert diary.studies() == []
    diary.stop(STUDY, "lost faith")
    assert diary.stopped(STUDY) == "lost faith"
    assert diary.studies() == [STUDY]
    diary.forget(STUDY)
    assert diary.studies() == []


def test_a_crash_in_the_middle_of_writing_leaves_the_old_or_the_new(diary, tmp_path, monkeypatch):
    diary.keep_state(STUDY, 0, b"old")

    def die(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(KeyboardInterrupt):
        diary.keep_state(STUDY, 0, b"new and longer")
    monkeypatch.undo()
    again = Diary(tmp_path / "diary")
    assert again.state(STUDY, 0) == b"old"
    assert again.states(STUDY, 9) == [0]


def test_what_a_crash_left_unfinished_was_told_to_nobody_and_is_decided_anew(tmp_path):
    diary = Diary(tmp_path)
    diary.keep_cohort(STUDY, ROUND, ("east", "north"))
    path = next((tmp_path / STUDY.hex()).glob("cohort-*"))
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert Diary(tmp_path).keep_cohort(STUDY, ROUND, ("east", "west")) == ("east", "west")
    path.write_bytes(whole)
    assert Diary(tmp_path).keep_cohort(STUDY, ROUND, ("east", "west")) == ("east", "north")


def test_secrets_and_plain_updates_are_overwritten_before_their_blocks_are_given_back(tmp_path):
    diary = Diary(tmp_path)
    diary.keep_secrets(STUDY, ROUND, b"drawn" * 20)
    diary.keep_plain(STUDY, 3, ROUND, b"plain" * 1000)
    diary.keep_update(STUDY, ROUND, b"told to everybody")
    opened = {path.name.partition("-")[0]: path.open("rb") for path in (tmp_path / STUDY.hex()).iterdir()}
    diary.forget_rounds(STUDY, (), 4)
    assert list((tmp_path / STUDY.hex()).iterdir()) == []
    for kind in ("secrets", "plain"):
        with opened[kind] as file:
            held = file.read()
            assert held == bytes(len(held))
            assert held
    opened["update"].close()
