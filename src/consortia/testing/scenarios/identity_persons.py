"""What members and persons do about persons' keys, and what identity answers."""

from msgspec.structs import replace

from consortia.base.times import HOUR
from consortia.modules.identity.mandate_messages import EndMandate
from consortia.modules.identity.messages import AddKey, Leave, SetQuota
from consortia.modules.identity.person_messages import Release
from consortia.modules.identity.person_types import COST_MIN
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.identity.types import KeySpec
from consortia.testing.machine import Bench, new_keys
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.identity_parts import SMALL_ORDER
from consortia.testing.scenarios.mandates_parts import agent, granted, mandate
from consortia.testing.scenarios.persons_parts import LABEL, asks, enrolled, enrolling, person, rekeying


def _enrols(bench: Bench) -> Step:
    return step("north", "operator", enrolling(bench))


def _rekeys(bench: Bench) -> Step:
    return asks(enrolled(bench), rekeying(bench))


def _releases(bench: Bench) -> Step:
    enrolled(bench)
    return step("north", "operator", Release(LABEL))


def _goes(bench: Bench) -> Step:
    return asks(enrolled(bench), Release(LABEL))


def _goes_after_its_member(bench: Bench) -> Step:
    key = enrolled(bench)
    bench.ok("north", "admin", Leave(None))
    return asks(key, Release(LABEL))


def _same_label_elsewhere(bench: Bench) -> Step:
    enrolled(bench)
    return step("east", "admin", enrolling(bench, "east", word="another"))


DONE = (
    Scenario("a member enrols a person", _enrols),
    Scenario("two members each have a person of one label", _same_label_elsewhere),
    Scenario("a person signs with another key from now on", _rekeys),
    Scenario("a member releases a person", _releases),
    Scenario("a person goes by itself", _goes),
    Scenario("a person goes after its member has left", _goes_after_its_member),
)


def _refused(name: str, code: str, **fields: object) -> Scenario:
    return Scenario(
        name,
        lambda bench: step("north", "admin", enrolling(bench, **fields)),  # type: ignore[arg-type]
        f"identity.{code}",
    )


def _members_key(bench: Bench) -> Step:
    return step("north", "admin", enrolling(bench, key=bench.key("west", "worker").public))


def _agents_key(bench: Bench) -> Step:
    mandate(bench)
    return step("north", "admin", enrolling(bench, key=agent().public))


def _persons_key(bench: Bench) -> Step:
    enrolled(bench)
    return step("east", "admin", enrolling(bench, "east"))


def _old_key(bench: Bench) -> Step:
    bench.block(bench.sign_with(enrolled(bench), rekeying(bench)))
    return step("east", "admin", enrolling(bench, "east"))


def _persons_key_as_an_agents(bench: Bench) -> Step:
    return step("north", "admin", granted(bench, key=enrolled(bench).public))


def _persons_key_as_an_administrators(bench: Bench) -> Step:
    key = enrolled(bench)
    (new,) = new_keys(bench.network, "north", [(KeySpec(key.public, ("admin",), "risen"), key)])
    return step("north", "admin", AddKey(new))


def _rekeys_to_its_own(bench: Bench) -> Step:
    return asks(enrolled(bench), rekeying(bench, word="first"))


def _rekeys_to_another_persons_word(bench: Bench) -> Step:
    key = enrolled(bench)
    return asks(key, rekeying(bench, possession=enrolling(bench, word="second", label="cd34").possession))


def _anothers_offer(bench: Bench) -> Step:
    return step("north", "admin", enrolling(bench, possession=enrolling(bench, "east").possession))


def _offer_of_another_label(bench: Bench) -> Step:
    return step("north", "admin", enrolling(bench, possession=enrolling(bench, label="cd34").possession))


def _offer_to_another_network(bench: Bench) -> Step:
    other = Bench(2)
    return step("north", "admin", enrolling(bench, possession=enrolling(other).possession))


def _label_again(bench: Bench) -> Step:
    enrolled(bench)
    bench.ok("north", "operator", Release(LABEL))
    return step("north", "operator", enrolling(bench, word="another"))


def _label_of_an_agent(bench: Bench) -> Step:
    bench.ok("north", "operator", EndMandate(mandate(bench, name=LABEL)))
    return step("north", "operator", enrolling(bench))


def _agent_of_a_label(bench: Bench) -> Step:
    enrolled(bench)
    return step("north", "admin", granted(bench, name=LABEL))


def _one_too_many(bench: Bench) -> Step:
    enrolled(bench)
    bench.time += HOUR
    bench.ok("north", "admin", SetQuota(replace(FULL_QUOTA, cost_per_epoch=8 * COST_MIN - 1)))
    return step("north", "admin", enrolling(bench, label="cd34", word="another"))


def _nobody(bench: Bench) -> Step:
    return step("north", "operator", Release(LABEL))


def _anothers_person(bench: Bench) -> Step:
    enrolled(bench)
    return step("east", "operator", Release(LABEL))


def _released_twice(bench: Bench) -> Step:
    enrolled(bench)
    bench.ok("north", "operator", Release(LABEL))
    return step("north", "operator", Release(LABEL))


def _another_person_releases(bench: Bench) -> Step:
    enrolled(bench, label="cd34", word="another")
    return asks(enrolled(bench), Release("cd34"))


def _by_one_who_left(bench: Bench) -> Step:
    leaving = bench.sign("north", "admin", Leave(None))
    return Step("north", "admin", (enrolling(bench),), before=(leaving,))


def _rekeys_after_release(bench: Bench) -> Step:
    key = enrolled(bench)
    return asks(key, rekeying(bench), before=(bench.sign("north", "operator", Release(LABEL)),))


def _old_key_goes(bench: Bench) -> Step:
    key = enrolled(bench)
    return asks(key, Release(LABEL), before=(bench.sign_with(key, rekeying(bench)),))


REFUSED = (
    _refused("a person's key of small order", "small_order", key=SMALL_ORDER),
    Scenario("a member's key as a person's", _members_key, "identity.key_known"),
    Scenario("an agent's key as a person's", _agents_key, "identity.key_known"),
    Scenario("another member's person", _persons_key, "identity.key_known"),
    Scenario("the key that a person had before", _old_key, "identity.key_known"),
    Scenario("a person's key as an agent's", _persons_key_as_an_agents, "identity.key_known"),
    Scenario("a person's key as an administrator's", _persons_key_as_an_administrators, "identity.key_known"),
    Scenario("a person's own key as its next", _rekeys_to_its_own, "identity.key_known"),
    Scenario("a next key offered elsewhere", _rekeys_to_another_persons_word, "identity.bad_possession"),
    Scenario("a person's key offered to another member", _anothers_offer, "identity.bad_possession"),
    Scenario(
        "a person's key offered under another label", _offer_of_another_label, "identity.bad_possession"
    ),
    Scenario(
        "a person's key offered to another network", _offer_to_another_network, "identity.bad_possession"
    ),
    _refused("a key that nobody offered", "bad_possession", key=person("nobody").public),
    Scenario("a released person's label", _label_again, "identity.label_taken"),
    Scenario("a label that is an agent's name", _label_of_an_agent, "identity.label_taken"),
    Scenario("an agent's name that is a label", _agent_of_a_label, "identity.label_taken"),
    Scenario("more persons than half of a quota suffices for", _one_too_many, "identity.too_many_persons"),
    Scenario("releasing nobody", _nobody, "identity.no_person"),
    Scenario("releasing another member's person", _anothers_person, "identity.no_person"),
    Scenario("releasing a person twice", _released_twice, "identity.no_person"),
    Scenario("a person releases another", _another_person_releases, "identity.no_person"),
    Scenario("enrolment by a member that left in the same block", _by_one_who_left, "identity.signer_gone"),
    Scenario(
        "another key for a person released in the same block", _rekeys_after_release, "identity.signer_gone"
    ),
    Scenario("a person goes by a key replaced in the same block", _old_key_goes, "identity.signer_gone"),
)
