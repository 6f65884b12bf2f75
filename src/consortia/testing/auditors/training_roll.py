"""What the auditor of training keeps, and the sentences of the README that its messages share."""

from collections.abc import Iterator

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.testing.auditors import Entries, Model, Plain, Said, refuse
from consortia.testing.auditors.assets import Assets
from consortia.testing.auditors.identity import Identity
from consortia.testing.auditors.training_promises import broken

ORIGINS_MAX = 256


class Studies(Model):
    """Studies, their rounds and what stands of them, in dictionaries."""

    module = "training"

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with none."""
        super().__init__(others)
        self.studies: dict[bytes, Plain] = {}
        self.progress: dict[bytes, Plain] = {}
        self.parts: dict[bytes, dict[str, Plain]] = {}
        """By study and member: every part that somebody took, also of those that left."""
        self.rounds: dict[tuple[bytes, int, int], Plain] = {}
        self.kept: dict[str, dict[bytes, dict[str, Plain]]] = {
            table: {} for table in ("submission", "result", "keys", "dealing", "revealed", "secret", "seal")
        }
        """By table, round id and member."""
        self.complaints: dict[bytes, dict[tuple[str, str], Plain]] = {}
        """By round id, dealer and holder."""
        self.asked: dict[bytes, list[Plain]] = {}
        self.budgets: dict[bytes, Plain] = {}

    # The neighbours.

    @property
    def assets(self) -> Assets:
        """The auditor of assets."""
        asked = self.others["assets"]
        assert isinstance(asked, Assets)  # noqa: S101 (the models stand in the order in which they load)
        return asked

    @property
    def identity(self) -> Identity:
        """The auditor of identity."""
        asked = self.others["identity"]
        assert isinstance(asked, Identity)  # noqa: S101 (the models stand in the order in which they load)
        return asked

    def populations(self, asset: bytes) -> list[bytes] | None:
        """The data sets without parents from which one was made; None where the lineage is too wide."""
        lineage, wave = {asset}, {asset}
        while wave:
            wave = {parent for each in wave for parent, _ in self.assets.things[each]["parents"]} - lineage
            lineage |= wave
        if len(lineage) > ORIGINS_MAX:
            return None
        return sorted(each for each in lineage if not self.assets.things[each]["parents"])

    def stands(self, asset: bytes, version: int) -> bool:
        """Whether a version is neither withdrawn nor erased."""
        erased = self.assets.versions[asset][version - 1]["erased"]
        return erased is None and self.assets.things[asset]["withdrawn"] is None

    # Bytes.

    def round_id(self, study: bytes, index: int, attempt: int) -> bytes:
        """The id of a try."""
        numbers = (self.stage_of(study, index)[0], index, attempt)
        return tagged("consortia/round", study + b"".join(each.to_bytes(8, "big") for each in numbers))

    def stage_of(self, study: bytes, index: int) -> tuple[int, Plain]:
        """The number of the stage of a round, and the stage."""
        stages: list[Plain] = self.studies[study]["terms"]["stages"]
        each = [number for number, stage in enumerate(stages) for _ in range(stage["rounds"])]
        return each[index], stages[each[index]]

    def count_rounds(self, study: bytes) -> int:
        """How many rounds a study has."""
        return sum(stage["rounds"] for stage in self.studies[study]["terms"]["stages"])

    def query(self, this: Plain) -> bytes:
        """What a masked round asks."""
        schema = self.studies[this["study"]]["terms"]["schema_hash"]
        stage = self.stage_of(this["study"], this["index"])[1]
        vector = [stage[part] for part in ("length", "ring_bits", "scale_bits", "weighting")]
        return tagged("consortia/query", encode([self.progress[this["study"]]["sums"], schema, *vector]))

    # Who takes part.

    def cost(self, study: bytes, index: int) -> int:
        """What one round costs, from the formulas."""
        terms = self.studies[study]["terms"]
        if terms["privacy"] is None:
            return 0
        number, stage = self.stage_of(study, index)
        noise = terms["privacy"]["noises"][number]
        return cost(noise, stage["length"], terms["quorum"])

    def budget(self, population: bytes) -> Plain:
        """What a population has spent, and its limit."""
        return self.budgets.get(population, {"limit": None, "spent": 0})

    def can_pay(self, dataset: bytes, price: int) -> bool:
        """Whether all populations of a data set can pay; where nothing is asked, whether none has a limit."""
        found = self.populations(dataset)
        held = [self.budget(each) for each in found or []]
        if found is None:
            return price == 0
        if price == 0:
            return all(each["limit"] is None for each in held)
        return all(each["limit"] is None or each["spent"] + price <= each["limit"] for each in held)

    def takes_part(self, study: bytes, name: str) -> bool:
        """Whether a member is in a study now."""
        part = self.parts.get(study, {}).get(name)
        return part is not None and part["until"] is None

    def open_to(self, study: bytes, name: str) -> bool:
        """Whether the data of a member's part may still be used for the study."""
        part, terms = self.parts[study][name], self.studies[study]["terms"]
        standing = self.stands(part["dataset"], part["version"])
        return standing and self.assets.may(name, part["dataset"], terms["purpose"])

    def open_round(self, study: bytes) -> Plain | None:
        """The open try."""
        progress = self.progress[study]
        if progress["round"] is None:
            return None
        return self.rounds[study, progress["index"], progress["attempt"]]

    def did(self, table: str, this: Plain) -> dict[str, Plain]:
        """Who did something in a try, and what."""
        return self.kept[table].setdefault(this["id"], {})

    # What the tables hold.

    def entries(self) -> Entries:
        """All tables."""
        found: Entries = {}
        for id_, study in self.studies.items():
            found["study", id_] = study
            found["progress", id_] = self.progress[id_]
            found["name", study["proposer"], study["terms"]["name"]] = {"study": id_}
            if self.progress[id_]["status"] in {"proposed", "running"}:
                found["open", study["proposer"], id_] = {"study": id_}
            for name, part in self.parts[id_].items():
                found["join", id_, name] = part
        for key, this in self.rounds.items():
            found["round", *key] = this
        for table, by_round in self.kept.items():
            for id_, held in by_round.items():
                for name, entry in held.items():
                    found[table, id_, name] = entry
        for id_, complaints in self.complaints.items():
            for case, complaint in complaints.items():
                found["complaint", id_, *case] = complaint
        for query, cohorts in self.asked.items():
            found["asked", query] = {"cohorts": cohorts}
        for population, budget in self.budgets.items():
            found["budget", population] = budget
        return found

    def broken(self, before: Entries, after: Entries) -> Iterator[str]:
        """The promises of training that do not hold."""
        return broken(before, after)

    # What several messages refuse.

    def known(self, study: bytes) -> Plain:
        """A study's progress, if there is such a study."""
        refuse("unknown_study", when=study not in self.studies)
        return self.progress[study]

    def living(self, study: bytes, status: str | None = None) -> Plain:
        """The progress of a study that is not over."""
        progress = self.known(study)
        refuse("study_over", when=progress["status"] in {"finished", "aborted"})
        refuse("not_proposed", when=status == "proposed" and progress["status"] != status)
        refuse("not_running", when=status == "running" and progress["status"] != status)
        return progress

    def check_data(self, study: bytes, name: str) -> None:
        """Refuse a member whose data is closed to the study by now."""
        refuse("dataset_closed", when=not self.open_to(study, name))

    def at_step(self, said: Said, study: bytes, identity: bytes, step: str, *, data: bool = False) -> Plain:
        """The open try, where the signer may do this step of it now."""
        self.living(study, "running")
        refuse("not_joined", when=not self.takes_part(study, said.member))
        if data:
            self.check_data(study, said.member)
        this = self.open_round(study)
        if this is None or this["id"] != identity:
            refuse("wrong_round", when=True)
            return {}
        refuse("wrong_step", when=this["step"] != step)
        refuse("too_late", when=said.at.time >= this["deadline"])
        refuse("not_in_round", when=said.member not in this["members"])
        return this


def cost(noise: Plain, length: int, quorum: int) -> int:
    """What one round with this noise costs, in nano-rho, from the formulas of the reference page."""
    honest = quorum - noise["colluders"]
    each = _up(noise["variance"], honest)
    spread = _up(10**10 * (honest - 1) * length, 2 ** min(14 * each, 128))
    return _up(10**9 * noise["sensitivity"] ** 2, 2 * honest * each) + spread


def graph_seed(round_id: bytes, keys: dict[str, Plain], keyed: list[str]) -> bytes:
    """The seed of who masks with whom."""
    rows = [[name, *(keys[name][part] for part in ("masking", "sealing", "seed"))] for name in keyed]
    return tagged("consortia/round-graph", encode([round_id, rows]))


def _up(above: int, below: int) -> int:
    return (above + below - 1) // below
