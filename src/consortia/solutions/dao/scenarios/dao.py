"""The story of a delegate: what it may decide, how its officers overrule it, and how it is stopped.

Real: the processes, keys, sockets, ledger, study, votes, secret ballots and checks. Made up, from a seed: the
organisations, what they ask for, and what their officers decide. Days are seconds, by the charter.
"""

import json

from consortia.engines.train.files import DataError
from consortia.sdk.training import Times
from consortia.solutions.dao import policy, tasks
from consortia.solutions.dao.scenarios import deciding, stopping
from consortia.solutions.dao.scenarios.chamber import (
    AGENT_NAME,
    MEMBERS,
    ORDERER,
    OWNER,
    SPENDER,
    UNIT,
    Chamber,
)
from consortia.solutions.dao.synthetic import Society
from consortia.solutions.pacing import pace_here, pace_of_workers
from consortia.solutions.story import Asked, Metric, Stage, Story, StoryFailed, Told

ENDED = {"finished", "aborted"}
STEP_MILLISECONDS = 4_000
CLOSING = (
    """Simulated: the organisations, their requests and their officers' votes, from the seed; that the members
    are apart. The delegate learned from decisions that are made in the same way: its figure says how well it
    learned this world, and nothing about another.""",
    """Who voted in secret is public, and enough trustees together could read a ballot.""",
)


def prepare(asked: Asked) -> Society:
    """The made-up organisations; raises DataError for data of one's own, which this story has no use for."""
    if asked.data is not None or asked.label is not None:
        raise DataError("the dao story takes no --data: its members and what they ask for come from --seed")
    return Society(asked.seed, MEMBERS)


def tell(stage: Stage, society: Society) -> Told:
    """Play the story."""
    here = Chamber(stage, society, pace_here())
    stage.chapter("1. Five organisations found a network, and agree how they decide")
    _found(here)
    stage.chapter("2. They train a delegate on what they decided before; nobody shows its records")
    _learn(here)
    stage.chapter("3. One of them lets it act, within limits that all can see")
    _empower(here)
    stage.chapter("4. Requests are decided: the delegate proposes and votes, officers have the last word")
    deciding.spend(here)
    stage.chapter("5. A model is released by officers; in secret they choose a member")
    deciding.release(here)
    proof = deciding.choose(here)
    deciding.count(here)
    stage.chapter("6. The delegate is ended, and the node that orders will not hear of it")
    stopping.end(here)
    return Told(proof, (_brier(here),), tuple(" ".join(text.split()) for text in CLOSING))


def _found(here: Chamber) -> None:
    stage = here.stage
    file = stage.folder / "charter.json"
    file.write_text(json.dumps(policy.charter(stage.names, here.pace), indent=1), encoding="utf-8")
    stage.build("dao", file)
    bank = stage.ledger(ORDERER).bank
    here.unit = bank.new_unit(UNIT, issue="100000").id.hex()
    bank.pay("governance:treasury", "50000", UNIT)
    bank.pay(SPENDER, "1000", UNIT)
    bank.pay(AGENT_NAME, "200", UNIT)
    stage.line("the treasury holds 50,000 credits, which only their decisions spend")
    here.open_secret_vote()
    stage.line("a vote in secret is opened: five trustees make its key, which none of them holds")


def _learn(here: Chamber) -> None:
    stage = here.stage
    for name in stage.names:
        stage.ledger(name).assets.register_dataset(here.society.past(), name=tasks.DATASET, process=["*"])
    step = int(STEP_MILLISECONDS * pace_of_workers())
    study = stage.ledger(ORDERER).training.propose(
        tasks.STUDY,
        data=tasks.DATASET,
        label=tasks.LABEL,
        public=["author"],
        recipe=tasks.RECIPE,
        parameters=tasks.PARAMETERS,
        purpose="deciding",
        title="Which requests are approved",
        members=stage.names,
        times=Times(join=600_000, submit=step, result=step),
    )
    here.level()
    for name in stage.names:
        stage.ledger(name).training.get(study.id).join(tasks.DATASET)
    study.start()
    here.wait_for("the model", lambda: study.status in ENDED)
    here.model = f"{ORDERER}/{study.model().name}"
    here.level()
    stage.line(f"{here.model}: {tasks.RECIPE} over {len(stage.names)} members' decisions, in masked sums")


def _empower(here: Chamber) -> None:
    stage, folder = here.stage, here.stage.folder
    cap = f"{ORDERER}/{UNIT}={policy.ADVANCE}/{policy.WINDOW}"
    wanted = [f"--method={name}" for name in policy.METHODS] + [f"--class={name}" for name in policy.CLASSES]
    stage.run(OWNER, "mandate", "grant", policy.AGENT, "--model", here.model, *wanted, "--cap", cap)
    stage.line(f"{AGENT_NAME} may pay {policy.ADVANCE} an act and {policy.WINDOW} a day, propose and vote")
    rules = {
        "votes": policy.votes(OWNER, stage.names),
        "expenses": policy.expenses(OWNER, SPENDER, here.unit, stage.names),
        "listens": policy.listens(stage.names),
    }
    for name, text in rules.items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    chosen = [text for name in ("votes", "expenses") for text in ("--rule", str(folder / f"{name}.json"))]
    here.delegate = stage.program(OWNER, "agent", "run", here.model, *chosen, "--every", "0.3", "--json")
    here.tend()
    listens = str(folder / "listens.json")
    said = stage.refused(OWNER, "agent", "run", here.model, "--rule", listens, "--once")
    if "free text" not in said:
        raise StoryFailed(f"a rule that reads a proposal's text was not refused for that: {said}")
    what = "somebody has the delegate read what proposals say"
    stage.catch(what, "its own runtime", "a rule names typed fields; free text is refused before it runs")


def _brier(here: Chamber) -> Metric:
    """How far off what the delegate stated was, by the ledger's own record."""
    agents = here.stage.ledger(OWNER).agents
    track = agents.deeds(agents.get(policy.AGENT).mandate).track
    if not track.resolved or not track.overrides:
        raise StoryFailed("nothing that the delegate stated was decided, or nobody overruled it")
    ours, yes = (total / track.resolved / 1_000_000 for total in (track.brier, track.baseline))
    return Metric(
        "Brier score of the delegate", "squared error", "lower", ours, {"always yes": yes}, "the delegate"
    )


STORY = Story(members=MEMBERS, prepare=prepare, tell=tell)
