"""The story of three services that recommend from common sums, and of a person who looks, asks and leaves.

Real: the processes, keys, credentials, ledger, masked sums, proofs and attacks. Made up, from a seed: the
people and what they took, unless `--data` names a folder of three CSV files. Simulated: that the services are
apart, and that people sign on devices of their own.
"""

from consortia.engines.train.baskets import capped, item_sums
from consortia.engines.train.ease import Recommender
from consortia.engines.train.files import DataError
from consortia.sdk.training import Private
from consortia.solutions.personal import attack, synthetic, tasks
from consortia.solutions.personal.policy import EPSILON, ITEMS_COUNTED
from consortia.solutions.personal.reading import in_order, read_had
from consortia.solutions.personal.scenarios.counter import Counter, People
from consortia.solutions.rejects import Rejected, files_in, usable, write_rejects
from consortia.solutions.story import Asked, Metric, Stage, Story, StoryFailed, Told

SERVICES = tuple(name for name, _ in synthetic.SERVICES)
WANTED = "three CSV files, one for each service"
NEXT = 3
"""Of each person's items so many, the last, are what a ranking is to foretell."""

ATTACKED = 40
"""So many people are attacked, or some more."""

CLOSING = (
    """Simulated: that the services are apart, and that people sign on their own devices.""",
    """Two sums between which one person left and nothing else changed differ by exactly that person's items:
    the ledger lets no such two be made where one member alone differs, and the attack shows what they would
    tell. Members that change at once, or collude, are not so held; noise hides a person from them, at the
    price shown. Each service drew its own part of it, and none knows another's.""",
    """Made-up people have tastes that are easy to see: their figures say nothing about real ones. On
    MovieLens latest-small sharing gains less: python -m bench.personal_ndcg.""",
)


def prepare(asked: Asked) -> People:
    """The story's own people, or those of the folder that `--data` names: three CSV files, one a service."""
    if asked.label is not None:
        raise DataError("the personal story predicts what people take next: it takes no --label.")
    if asked.data is None:
        found = synthetic.people(asked.seed)
        return People(synthetic.catalogue(), found)
    files = files_in(asked.data, (".csv",), WANTED)
    if len(files) != len(SERVICES):
        raise DataError(f"{asked.data}: {len(files)} CSV files; {WANTED}, are wanted.")
    rejected, services = list[Rejected](), dict[str, dict[str, list[str]]]()
    for service, file in zip(SERVICES, files, strict=True):
        read = read_had(file)
        rejected += read.rejected
        people = in_order(usable(read.had, read.rejected, skip=asked.skip_bad_rows))
        services[service] = {person: items for person, items in people.items() if len(items) > NEXT}
        if len(services[service]) < 2:
            raise DataError(f"{file.name}: fewer than two people with more than {NEXT} items.")
    if asked.rejects is not None:
        write_rejects(asked.rejects, rejected)
    everybody = [items for people in services.values() for items in people.values()]
    return People(tasks.catalogue_of(everybody, 512), services)


def tell(stage: Stage, people: People) -> Told:
    """Play the story."""
    here = Counter(stage, people, NEXT)
    stage.chapter("1. Three services found a network; each person consents by a credential")
    stage.build("personal")
    here.consent()
    stage.chapter("2. They add up which items go together, under masks; the model is everybody's")
    first = here.train("first")
    stage.chapter("3. A person asks why, and sees who used what")
    here.recommend()
    here.look()
    stage.chapter("4. The person leaves; the next model is without it, and anybody can check that")
    proof = here.leave()
    second = here.train("second")
    here.show(proof)
    here.erase()
    stage.chapter("5. They limit what may be told of a person, and add up with noise")
    private = Private(EPSILON)
    noisy = here.guard(private, ITEMS_COUNTED)
    here.overspend(private, ITEMS_COUNTED)
    stage.chapter("6. Somebody tries to find one person's items in the sums of both studies")
    attacked = _attacked(here)
    metrics = (_foretold(here, first, noisy), *attacked)
    more = {
        "people": sum(len(each) for each in people.services.values()),
        "items": len(people.catalogue),
        "choice": first.model.choice,
        "people_in_the_models": [first.model.people, second.model.people],
        "epsilon": EPSILON,
    }
    return Told(proof, metrics, tuple(" ".join(text.split()) for text in CLOSING), more)


def _foretold(here: Counter, model: Recommender, noisy: Recommender) -> Metric:
    """How well what people took next is foretold: together, with noise, by popularity, by each alone."""
    held = here.held_out()
    beside = {"popularity": tasks.foretold_by_counts(held, model.counts)}
    for service in SERVICES:
        alone = Recommender(tasks.own_model(here.before(service), here.people.catalogue))
        beside[f"{service} alone"] = tasks.foretold(held, alone.weights)
    beside[f"together, with noise (epsilon {EPSILON:g})"] = tasks.foretold(held, noisy.weights)
    return Metric(
        "nDCG at 10 of what people take next", "share", "higher", tasks.foretold(held, model.weights), beside
    )


def _attacked(here: Counter) -> tuple[Metric, ...]:
    """Both attacks on the sums that the second study and the one with noise showed all members."""
    had = here.staying()
    whom = range(0, len(had), max(1, len(had) // ATTACKED))
    shown, noisy = here.sums("second"), here.sums("guarded")
    if (noisy == item_sums(capped(had, ITEMS_COUNTED))).all():
        raise StoryFailed("there is no noise in the sums")
    plain, hidden = attack.attack(had, whom, shown), attack.attack(had, whom, noisy, ITEMS_COUNTED)
    here.stage.catch(
        f"a member looks in the sums for what {len(whom)} people took",
        "noise in every sum",
        f"whoever knows all others reads {plain.all_others:.0%} of one's items off a sum; with noise "
        f"(epsilon {EPSILON:g}) {hidden.all_others:.0%}, and guessing the popular gets {hidden.popular:.0%}",
        word="measured",
    )
    return tuple(
        Metric(
            f"attack on one basket, {name}: right guesses",
            "share",
            "lower",
            other,
            {"without noise": ours, "guessing what is popular": plain.popular},
            f"with noise (epsilon {EPSILON:g})",
        )
        for name, ours, other in (
            ("three items known", plain.known_items, hidden.known_items),
            ("all others known", plain.all_others, hidden.all_others),
        )
    )


STORY = Story(members=SERVICES, prepare=prepare, tell=tell, rejects=True)
