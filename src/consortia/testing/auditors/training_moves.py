"""What members and attackers do with studies, and what a false dealer does in their rounds."""

from msgspec.structs import replace

from consortia.base.codec import Record
from consortia.modules.assets.messages import MarkErased, Register, Withdraw
from consortia.modules.assets.types import Parent, Permission, Rights
from consortia.modules.training import messages as asked
from consortia.testing.auditors import Plain
from consortia.testing.auditors import training_deals as deals
from consortia.testing.auditors import training_offers as offers
from consortia.testing.auditors.assets_moves import assets
from consortia.testing.auditors.drawing import Drawing, Move
from consortia.testing.auditors.training import Training

OFFICERS = ("admin", "analyst", "operator")
BAD_TERMS = (
    *("name a study twice", "tell a bad stage", "sum two", "bend the rule", "promise false noise"),
    *("swap the schema", "spoil the parameters", "invite nobody known", "start from nothing"),
)


def training(draw: Drawing) -> Training:
    """What the auditor of training holds."""
    found = draw.world.models["training"]
    if not isinstance(found, Training):
        raise TypeError("another stands in the place of training")
    return found


# ------------------------------------------------------------------ studies


def propose(draw: Drawing) -> Move:
    """A new study; where many are open already, rather go on with one of them."""
    if len(_of_status(draw, "proposed", "running")) > 4 and draw.often(0.7):
        return go_on(draw)
    return Move(draw.signer(draw.member(), *OFFICERS), (asked.Propose(offers.terms(draw)),))


def propose_nonsense(draw: Drawing) -> Move:
    """Terms that nobody could keep, or a name that stands for another study."""
    held, by = training(draw), draw.member()
    attack, terms = draw.pick(BAD_TERMS), offers.terms(draw)
    if attack == "name a study twice" and held.studies:
        study = held.studies[draw.pick(sorted(held.studies))]
        by, terms = study["proposer"], replace(terms, name=study["terms"]["name"])
    return Move(draw.signer(by, *OFFICERS), (asked.Propose(offers.spoiled(draw, terms, attack)),), attack)


def pile_up_studies(draw: Drawing) -> Move:
    """One more study of the first member, in worlds where nothing else is worth doing."""
    if "pile_up_studies" not in (draw.world.setting.pressed or ()):
        return go_on(draw)
    by = draw.identity.present()[0]
    return Move(draw.signer(by, *OFFICERS), (asked.Propose(offers.terms(draw)),), "pile up studies")


def join(draw: Drawing) -> Move:
    """A member joins, mostly with data that it may join with."""
    held, things = training(draw), assets(draw)
    study = _study(draw, "proposed")
    invited = held.studies[study]["terms"]["invited"] if study in held.studies else []
    parts = held.parts.get(study, {})
    missing = [name for name in invited or draw.identity.present() if name not in parts]
    by = draw.pick(missing) if missing and draw.often(0.9) else draw.member()
    own = [
        id_
        for id_, thing in sorted(things.things.items())
        if thing["owner"] == by and thing["kind"] == "dataset" and thing["withdrawn"] is None
    ]
    attack = draw.attack(
        *("join with another's data", "join with what is no data", "tell more records"),
        "join uninvited",
    )
    if attack == "join uninvited":
        by = draw.pick([name for name in draw.identity.present() if name not in invited] or [by])
    if not own or (draw.often(0.05) and not attack):
        return _register(draw, by)
    asset = draw.pick(own[-6:])
    if attack == "join with another's data":
        asset = draw.pick(sorted(things.things))
    elif attack == "join with what is no data":
        models = [id_ for id_, thing in sorted(things.things.items()) if thing["kind"] != "dataset"]
        asset = draw.pick([*models, draw.digest()])
    known = things.versions.get(asset, [{"count": 9}])
    version = len(known) + (draw.often(0.5) if attack == "join with what is no data" else 0)
    records = max(1, min(known[-1]["count"], draw.pick((2, 9)))) + (attack == "tell more records") * 90
    message = asked.Join(study, asset, version, records)
    return Move(draw.signer(by, *OFFICERS, "worker"), (message,), attack)


def share_population(draw: Drawing) -> Move:
    """Somebody joins a study with noise with data made from what another joined with."""
    held, things = training(draw), assets(draw)
    private = [id_ for id_ in _of_status(draw, "proposed") if held.studies[id_]["terms"]["privacy"]]
    private = [id_ for id_ in private if held.parts[id_]]
    if not private:
        return join(draw)
    study = draw.pick(private)
    part = held.parts[study][draw.pick(sorted(held.parts[study]))]
    others = [name for name in draw.identity.present() if name not in held.parts[study]]
    by = draw.pick(others or draw.identity.present())
    made = [
        id_
        for id_, thing in sorted(things.things.items())
        if thing["owner"] == by and part["dataset"] in {parent for parent, _ in thing["parents"]}
    ]
    if not made:
        return _register(draw, by, (Parent(part["dataset"], part["version"]),))
    message = asked.Join(study, draw.pick(made), 1, 1)
    return Move(draw.signer(by, *OFFICERS, "worker"), (message,), "bring another's population")


def leave(draw: Drawing) -> Move:
    """A member leaves, seldom."""
    study = _study(draw, "proposed", "running")
    by = _participant(draw, study)
    attack = draw.attack("leave for another")
    by = draw.other(by) if attack else by
    return Move(draw.signer(by, *OFFICERS, "worker"), (asked.Leave(study),), attack)


def start(draw: Drawing) -> Move:
    """The rounds begin."""
    held, study = training(draw), _study(draw, "proposed")
    by = held.studies[study]["proposer"] if study in held.studies else draw.member()
    attack = draw.attack("start before others can join", "start what runs")
    if attack == "start before others can join":
        by = draw.other(by)
    elif attack == "start what runs":
        study = _study(draw, "running")
    return Move(draw.signer(by, *OFFICERS, "worker"), (asked.Start(study),), attack)


def cancel(draw: Drawing) -> Move:
    """A study ends, seldom by its proposer."""
    held, study = training(draw), _study(draw, "proposed", "running")
    if draw.often(0.7):
        return go_on(draw)
    by = held.studies[study]["proposer"] if study in held.studies else draw.member()
    attack = draw.attack("cancel another's")
    by = draw.other(by) if attack else by
    return Move(draw.signer(by, *OFFICERS, "worker"), (asked.Cancel(study, "no more"),), attack)


def come_back(draw: Drawing) -> Move:
    """A member that was absent is there again."""
    held, study = training(draw), _study(draw, "running")
    absent = [name for name, part in sorted(held.parts.get(study, {}).items()) if part["absent"]]
    attack = draw.attack("return without having gone")
    by = draw.pick(absent) if absent and not attack else _participant(draw, study)
    return Move(draw.signer(by, *OFFICERS, "worker"), (asked.Return(study),), attack)


def limit_budget(draw: Drawing) -> Move:
    """An owner limits what sums over its data may cost."""
    held, things = training(draw), assets(draw)
    data = [id_ for id_, thing in sorted(things.things.items()) if thing["kind"] == "dataset"]
    if not data:
        return _register(draw, draw.member())
    attack = draw.attack(
        *("limit another's", "raise a limit", "limit what is made", "limit below what is spent"),
        "limit nothing",
    )
    used = sorted({part["dataset"] for parts in held.parts.values() for part in parts.values()})
    asset = draw.pick(used if used and draw.often(0.5) else data)
    made = [id_ for id_ in data if things.things[id_]["parents"]]
    if attack == "limit what is made" and made:
        asset = draw.pick(made)
    budget = held.budget(asset)
    limit = budget["spent"] + draw.pick((0, 1, 1_000, 60_000_000, 10**9))
    if attack == "raise a limit":
        limit = (budget["limit"] or 1 << 62) + draw.pick((0, 1))
    elif attack == "limit below what is spent":
        limit = max(0, budget["spent"] - 1)
    owner = things.things[asset]["owner"]
    asset = draw.digest() if attack == "limit nothing" else asset
    by = draw.other(owner) if attack == "limit another's" else owner
    return Move(draw.signer(by, "admin", "analyst"), (asked.LimitBudget(asset, limit),), attack)


def finish(draw: Drawing) -> Move:
    """The model is registered."""
    held = training(draw)
    over = [id_ for id_ in _of_status(draw, "running") if held.open_round(id_) is None]
    study = draw.pick(over) if over else _study(draw, "running")
    if not over and draw.often(0.8):
        return go_on(draw)
    attack, by = draw.attack("finish another's"), _participant(draw, study)
    outside = [name for name in draw.identity.present() if name not in held.parts.get(study, {})]
    if outside and (attack or draw.often(0.3)):
        by = draw.pick(outside)
    return Move(draw.signer(by, *OFFICERS, "worker"), (asked.Finish(study),), attack)


def close_data(draw: Drawing) -> Move:
    """A member withdraws or erases what it joined with, seldom."""
    held, study = training(draw), _study(draw, "running")
    if study not in held.parts or draw.often(0.6):
        return go_on(draw)
    by = _participant(draw, study)
    part = held.parts[study].get(by)
    if part is None:
        return go_on(draw)
    erase = MarkErased(part["dataset"], part["version"])
    message: Record = Withdraw(part["dataset"]) if draw.often(0.5) else erase
    return Move(draw.signer(by, "operator", "admin"), (message,))


# ------------------------------------------------------------------ rounds


def go_on(draw: Drawing) -> Move:
    """What is due in a study that runs; where none does, what brings one about."""
    held = training(draw)
    running = [id_ for id_ in _of_status(draw, "running") if held.open_round(id_) is not None]
    if not running:
        proposed = _of_status(draw, "proposed")
        if not proposed:
            return Move(draw.signer(draw.member(), *OFFICERS), (asked.Propose(offers.terms(draw)),))
        few = [id_ for id_ in proposed if len(held.parts[id_]) < _hoped(draw, id_)]
        return join(draw) if few and draw.often(0.8) else start(draw)
    this = held.open_round(running[0] if draw.often(0.7) else draw.pick(running))
    assert this is not None  # noqa: S101 (only studies with an open try were picked from)
    return _step(draw, this)


def _hoped(draw: Drawing, study: bytes) -> int:
    """How many should join before a study starts: more than the quorum, where they can and mostly."""
    terms = training(draw).studies[study]["terms"]
    able = len(terms["invited"] or draw.identity.present())
    return min(able, int(terms["quorum"]) + (study[0] % 4 > 0))


def close(draw: Drawing) -> Move:
    """Somebody ends a step, mostly once it is late."""
    held = training(draw)
    rounds = [this for id_ in _of_status(draw, "running") if (this := held.open_round(id_)) is not None]
    late = [this for this in rounds if draw.time >= this["deadline"]]
    attack = draw.attack("close in time", "close another round")
    if not rounds or (not late and not attack):
        return go_on(draw)
    this = draw.pick(rounds if attack == "close in time" else late or rounds)
    id_ = draw.digest() if attack == "close another round" else this["id"]
    by = draw.pick(this["members"])
    return Move(draw.signer(by, *OFFICERS, "worker"), (asked.Close(this["study"], id_),), attack)


def keys_ahead(draw: Drawing) -> Move:
    """Keys for the round after the open one."""
    held = training(draw)
    rounds = [this for id_ in _of_status(draw, "running") if (this := held.open_round(id_)) is not None]
    able = [
        this
        for this in rounds
        if this["index"] + 1 < held.count_rounds(this["study"])
        and (this["step"] in {"commit", "open"} or draw.often(0.1))
    ]
    if not able:
        return go_on(draw)
    this = draw.pick(able)
    following = held.round_id(this["study"], this["index"] + 1, draw.pick((0, 0, 0, 0, 1)))
    ready = [name for name in this["members"] if name not in held.kept["keys"].get(following, {})]
    there = [name for name in held.parts[this["study"]] if held.takes_part(this["study"], name)]
    outside = sorted(set(there) - set(this["members"]))
    by = draw.pick(outside) if outside and draw.often(0.5) else draw.pick(ready or this["members"])
    return Move(draw.signer(by, "worker"), (deals.keys(this["study"], following, by),))


def complain(draw: Drawing) -> Move:
    """A holder complains, for no reason."""
    this = _at_submit(draw)
    if this is None:
        return go_on(draw)
    message = deals.complaint(this, draw.pick(this["dealers"]))
    by = draw.pick(this["dealers"])
    return Move(draw.signer(by, "worker"), (message,), "complain without cause")


def answer(draw: Drawing) -> Move:
    """A dealer answers a complaint, perhaps once more."""
    this = _at_submit(draw)
    complaints = {} if this is None else training(draw).complaints.get(this["id"], {})
    if this is None or not complaints:
        return complain(draw)
    if held_back(this, draw.time):
        return join(draw)
    return deals.answer(draw, this, *draw.pick(sorted(complaints)))


def held_back(this: Plain, time: int) -> bool:
    """Whether answers are kept back: in every other try, until it is too late for them."""
    return this["id"][1] % 2 == 0 and time < deals.answers_end(this)


def _at_submit(draw: Drawing) -> Plain | None:
    """A masked try that waits for updates."""
    held = training(draw)
    rounds = [this for id_ in _of_status(draw, "running") if (this := held.open_round(id_)) is not None]
    found = [this for this in rounds if this["step"] == "submit" and this["dealers"]]
    return draw.pick(found) if found else None


def _step(draw: Drawing, this: Plain) -> Move:
    """The step that a try waits for, by a member that has not done it; or an attack on it."""
    held, step, done = training(draw), this["step"], training(draw).did_it(this)
    if draw.time >= this["deadline"] and draw.often(0.85):
        name = draw.pick(this["members"])
        return Move(draw.signer(name, *OFFICERS, "worker"), (asked.Close(this["study"], this["id"]),))
    if _withholds(held, this, done):
        return join(draw)
    by = _turn(draw, this, done)
    if step == "submit" and this["graph"] is not None:
        complaints = held.complaints.get(this["id"], {})
        if complaints and draw.often(0.6) and not held_back(this, draw.time):
            return deals.answer(draw, this, *draw.pick(sorted(complaints)))
        garbled = [name for name in this["dealers"] if name != by and deals.is_garbled(draw, this, name, by)]
        if garbled and draw.often(0.8):
            return Move(draw.signer(by, "worker"), (deals.complaint(this, garbled[0]),))
    attack = draw.attack(*deals.ATTACKS[step], *deals.ANYWHERE)
    parts = sorted(held.parts[this["study"]])
    there = [name for name in parts if held.takes_part(this["study"], name)]
    idle = [name for name in there if name not in held.awaited(this)]
    if done and (attack.endswith("again") or draw.often(0.08)):
        by = draw.pick(done)
    elif idle and draw.often(0.8 if step == "open" else 0.4):
        by = draw.pick(idle)
    return deals.act(draw, this, by, attack)


def _turn(draw: Drawing, this: Plain, done: list[str]) -> str:
    """Whose turn it is to do a step: mostly somebody who is waited for; liars open first, and again."""
    held, parts = training(draw), training(draw).parts[this["study"]]
    waiting = [name for name in held.awaited(this) if name not in done] or this["members"]
    if this["step"] == "open":
        total, state = deals.outcome(this)
        true = {"sum": total, "state": state}
        liars = [name for name in held.awaited(this) if not held.committed_to(this, name, true)]
        waiting = held.awaited(this) or this["members"]
        waiting = liars if liars and draw.often(0.8) else waiting
    present = [name for name in waiting if not parts[name]["absent"]]
    found: str = draw.pick(present if present and draw.often(0.8) else waiting)
    return found


def _withholds(held: Training, this: Plain, done: list[str]) -> bool:
    """Whether the last of a step of a try keep back until its deadline, which is near."""
    near = this["deadline"] - this["time"] <= min(offers.WAITS)
    chosen = ("keys", "shares", "submit", "commit")[this["id"][0] % 4]
    return near and this["step"] == chosen and len(done) >= held.enough(this)


MOVES = (
    *(propose, propose_nonsense, join, join, join, start, start, leave, cancel, come_back, limit_budget),
    *(finish, close_data, go_on, go_on, go_on, go_on, go_on, go_on, close, keys_ahead, pile_up_studies),
    *(share_population, complain, answer),
)


# ------------------------------------------------------------------ what they draw from


def _of_status(draw: Drawing, *statuses: str) -> list[bytes]:
    """The studies of these statuses, in the order in which they were proposed."""
    held = training(draw)
    return [id_ for id_ in held.studies if held.progress[id_]["status"] in statuses]


def _study(draw: Drawing, *statuses: str) -> bytes:
    """A study, mostly one of these statuses."""
    found = _of_status(draw, *statuses)
    if found and draw.often(0.93):
        return found[0] if draw.often(0.6) else draw.pick(found)
    known = sorted(training(draw).studies)
    return draw.pick(known) if known and draw.often(0.8) else draw.digest()


def _participant(draw: Drawing, study: bytes) -> str:
    held = training(draw)
    there = [name for name in sorted(held.parts.get(study, {})) if held.takes_part(study, name)]
    return draw.pick(there) if there and draw.often(0.95) else draw.member()


def _register(draw: Drawing, by: str, parents: tuple[Parent, ...] = ()) -> Move:
    """A data set for studies."""
    rights = None if parents or draw.often(0.5) else Rights((Permission("*", ("*",)),), ())
    name = f"rows-{draw.rng.randrange(500)}"
    message = Register(name, "dataset", "Rows", "batch", draw.digest(), 9, None, None, parents, rights)
    return Move(draw.signer(by, "operator", "worker"), (message,))
