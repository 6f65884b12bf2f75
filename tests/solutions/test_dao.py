"""The made-up organisations, the charter and the rules of the story of a delegate."""

import json

import pytest

from consortia.app import application
from consortia.engines.train.files import DataError
from consortia.modules.governance.rules import charter_fits
from consortia.modules.governance.types import Charter
from consortia.sdk.governance import read_charter
from consortia.solutions.dao import policy
from consortia.solutions.dao.scenarios.chamber import MEMBERS
from consortia.solutions.dao.scenarios.dao import STORY
from consortia.solutions.dao.synthetic import PAST, Request, Society
from consortia.solutions.pacing import PACE_MAX, pace_here
from consortia.solutions.story import Asked
from consortia.workers.delegate import RuleError, read_rule


def test_a_seed_makes_the_same_organisations_again_and_another_makes_others():
    one, again, other = (Society(seed, MEMBERS) for seed in (1, 1, 2))
    assert one.limits == again.limits != other.limits
    assert one.past() == again.past()
    assert len(other.past()) == PAST


def test_people_say_yes_to_what_stays_well_below_their_limit():
    society = Society(3, MEMBERS)
    for name, limit in society.limits.items():
        votes = [society.wants(Request(name, limit - 300)) for _ in range(50)]
        assert sum(votes) > 45
        assert not all(society.wants(Request(name, limit + 50)) for _ in range(50))


@pytest.mark.parametrize("pace", [1.0, PACE_MAX])
def test_the_charter_can_govern_and_chooses_members_in_secret(pace):
    law: Charter = read_charter(policy.charter(MEMBERS, pace))
    assert charter_fits(law)
    (secret,) = (one for one in law.classes if one.secret is not None)
    assert secret.name == policy.SECRET_CLASS
    assert secret.secret.trustees == tuple(sorted(MEMBERS))


def test_the_delegates_rules_read_numbers_and_names_and_one_that_reads_text_is_refused():
    app, unit = application(), "ab" * 32
    for text in (policy.votes("birch", MEMBERS), policy.expenses("birch", "cedar", unit, MEMBERS)):
        rule = read_rule(text.encode(), app)
        assert [field.name for field in rule.fields] == ["spend", "author"]
    assert set(json.loads(policy.votes("birch", MEMBERS))["advice"]) == {"yes", "no"}
    with pytest.raises(RuleError, match="free text"):
        read_rule(policy.listens(MEMBERS).encode(), app)


def test_the_story_has_no_use_for_data_of_ones_own(tmp_path):
    with pytest.raises(DataError, match="takes no --data"):
        STORY.prepare(Asked(data=tmp_path))


def test_the_pace_of_a_machine_is_between_its_bounds():
    assert 1.0 <= pace_here() <= PACE_MAX
