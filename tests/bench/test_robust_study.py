"""The report on robust rules stands on the splits that it says, and shows what it is given."""

import numpy as np
import pytest

from bench import robust_page, robust_study, robust_table
from bench.robust_study import (
    LABEL_FLIP,
    MEMBERS,
    accuracy,
    digits,
    recalls,
    train,
    tumours,
    vectors_of,
    without_lone,
)
from consortia.engines.robust import RULES


@pytest.mark.parametrize(
    "study", [digits(1, lone=(7, 8, 9)), tumours(1, lone=True)], ids=["digits", "tumours"]
)
def test_a_lone_group_is_at_one_member_and_is_held_out_too(study):
    assert len(study.members) == MEMBERS
    assert set(study.lone) <= set(study.held[2].tolist())
    for place, group in enumerate(study.lone):
        holders = [index for index, (_, _, groups, _) in enumerate(study.members) if (groups == group).any()]
        assert holders == [place]
    assert not any(np.isin(groups, study.lone).any() for _, _, groups, _ in without_lone(study).members)


def test_bad_members_send_what_the_attack_makes_of_the_honest_ones():
    study = tumours(1, lone=False)
    state = np.zeros(62, dtype=np.int64)
    honest = vectors_of(study, state, "none", 4, 0)
    mimics = vectors_of(study, state, "mimic", 4, 0)
    assert (mimics[:10] == honest[:10]).all()
    assert (mimics[10:] == honest[0]).all()
    flipped = vectors_of(study, state, LABEL_FLIP, 4, 0)
    assert (flipped[:10] == honest[:10]).all()
    assert (flipped[13] == -honest[13]).all()


def test_a_study_learns_and_a_flipped_mean_does_not():
    study = tumours(1, lone=True)
    plain = robust_table.our_rule("mean", 0)
    learned = train(study, plain, "none", 0, rounds=5)
    assert accuracy(study, learned) > 90
    assert 0 < recalls(study, learned)[0] <= 100
    assert accuracy(study, train(study, plain, "sign flip", 4, rounds=5)) < 50


def test_the_network_is_the_recipes_own_and_a_mean_of_it_is_flipped():
    study = tumours(1, lone=True, name="network")
    plain = robust_table.our_rule("mean", 0)
    assert accuracy(study, train(study, plain, "none", 0, rounds=2)) > 85
    assert accuracy(study, train(study, plain, "sign flip", 4, rounds=2)) < 50
    rule = robust_table.our_rule("trimmed_mean", 4)
    assert accuracy(study, train(study, rule, LABEL_FLIP, 4, rounds=2)) > 80


def test_the_page_shows_refusals_and_every_rule():
    cells = dict.fromkeys(robust_study.COLUMNS, (90.0, 90.0))
    tables = {name: {bad: {} for bad in robust_study.BAD} for name in ("digits", "tumours", "network")}
    lone: dict = {name: {(robust_study.ABSENT, 0): (60.0, [10.0] * 3)} for name in tables}
    settings = [(rule, bad) for rule in RULES for bad in ((0,) if rule == "mean" else robust_study.BAD)]
    for rule, bad in settings:
        if not robust_table.possible(rule, bad):
            continue
        for name in tables:
            recall = [50.0, 60.0, 70.0] if rule == "mean" else [0.0, 30.0, 60.0]
            lone[name].update({(rule, bad): (80.0, recall)})
            for each in robust_study.BAD if rule == "mean" else (bad,):
                tables[name][each][rule] = cells
    clip = (dict.fromkeys(robust_study.COLUMNS, 88.0), [10.0, 20.0, 75.0])
    clips = {name: dict.fromkeys(robust_study.CLIPS, clip) for name in tables}
    page = robust_page.page(tables, lone, clips, None)
    assert all(f"| `{rule}` |" in page for rule in RULES)
    assert "| `median` | 1 | 80.0 | 0 | 30 | 60 | 40 % |" in page
    assert "| 0.125 | " + "88.0 | " * len(robust_study.COLUMNS) + "50 % |" in page
    assert "| `bucketing+krum` | " + " | ".join("refused" for _ in robust_study.COLUMNS) + " |" in page
