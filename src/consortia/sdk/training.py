"""Training for programs: propose a study, join it, wait for it, and use its model."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consortia.base.times import MINUTE
from consortia.engines.infer import load
from consortia.engines.train import recipe as recipe_of
from consortia.engines.train.agree import check_texts, infer_schema
from consortia.engines.train.files import RawTable
from consortia.engines.train.frame import with_ranges
from consortia.engines.train.glm import own_model
from consortia.engines.train.table import make_table, mismatches
from consortia.engines.train.weights import weights_of
from consortia.modules.assets.types import Asset
from consortia.modules.training import list_queries, queries
from consortia.modules.training import types as law
from consortia.modules.training.budget_queries import CostView
from consortia.modules.training.messages import Cancel, Join, Leave, Propose, Start
from consortia.modules.training.refusals import NOT_PROPOSED
from consortia.sdk.access import Access
from consortia.sdk.assets import Assets, warn_of_identifiers
from consortia.sdk.errors import LedgerError, TransactionRefused
from consortia.sdk.models import Model
from consortia.sdk.notebook import shown
from consortia.sdk.paging import study_pages
from consortia.sdk.views import Table
from consortia.workers.arithmetic import Summing, plans
from consortia.workers.rows import whole_table
from consortia.workers.terms import MASKED, Private, Wanted, terms_of
from consortia.workers.vault import Vault

__all__ = ["CannotJoin", "Private", "Study", "StudyEnded", "Summing", "Times", "Training"]

PAUSE_SECONDS = 0.05


class CannotJoin(LedgerError):
    """Own data do not fit a study; the text lists every mismatch, one a line."""


class StudyEnded(LedgerError):
    """A study that ended without a model, or has none yet; the text says why."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long members have, in milliseconds: to join, for an update, for each step after it."""

    join: int = 10 * MINUTE
    submit: int = 5 * MINUTE
    result: int = MINUTE


class Training:
    """The studies of a network."""

    def __init__(self, access: Access, member: str, vault: Vault | None) -> None:
        self.access, self._member, self._vault = access, member, vault
        self.assets = Assets(access, member, vault)

    def propose(
        self,
        name: str,
        *,
        data: str,
        label: str,
        recipe: str = "glm.logistic",
        parameters: Mapping[str, int] | None = None,
        purpose: str = "research",
        title: str = "",
        members: Sequence[str] = (),
        quorum: int | None = None,
        retries: int = 3,
        summing: Summing = MASKED,
        private: Private | None = None,
        ranges: Mapping[str, tuple[str, str]] | None = None,
        public: Sequence[str] = (),
        times: Times | None = None,
    ) -> "Study":
        """Propose a study whose schema is that of an own data set; `members` may join, or everyone.

        `summing` says how updates become one outcome: by default masked, which shows nobody an update and
        takes three members or more; `Summing(mode="open")` shows each to all, and may carry a robust rule.
        `private` adds noise: what all sums together may tell of one record. `ranges` declares, by column,
        what is known of it publicly: its lowest and its highest value, as decimal text. The schema tells all
        members the texts of category columns, for good: one of fewer than three records is refused, but in
        the `public` columns.
        Warns (IdentifierWarning) of columns that look like identifiers, as the command line does.
        Raises DataError, RecipeError, TransactionRefused; KeyError, ValueError for a range that is none.
        """
        spans = times or Times()
        rule = recipe_of(recipe)
        rows = self.raw(self.assets.get(data))
        schema = with_ranges(infer_schema([rows], label, task=rule.about.task), ranges or {})
        check_texts(schema, rows, public)
        warn_of_identifiers(rows, label, "propose with a data set without that column")
        wanted = Wanted(
            name,
            title or name,
            purpose,
            law.Deadlines(spans.join, spans.submit, spans.result),
            invited=tuple(members),
            quorum=quorum,
            retries=retries,
            summing=summing,
            private=private,
        )
        terms, initial = terms_of(rule, parameters or {}, schema, wanted)
        self.access.put_blob(initial)
        self.access.submit(Propose(terms))
        return self.get(name)

    def get(self, which: str | bytes) -> "Study":
        """A study: NAME (own), MEMBER/NAME, or its id; raises LedgerError when there is none."""
        if isinstance(which, bytes):
            return Study(self, which)
        proposer, slash, name = which.partition("/")
        asked = queries.ByName(proposer, name) if slash else queries.ByName(self._member, which)
        found = self.access.query("training.find", asked, queries.Found).study
        if found is None:
            raise LedgerError(f"there is no study {which}")
        return Study(self, found)

    def list(self) -> list[list_queries.StudyItem]:
        """All studies, in short."""
        return [study for page in study_pages(self.access.query) for study in page.studies]

    def raw(self, dataset: Asset) -> RawTable:
        """The rows of an own data set's newest version, as text."""
        if self._vault is None or dataset.owner != self._member:
            raise LedgerError(f"the records of {dataset.owner}/{dataset.name} are in no vault here")
        return whole_table(dataset.name, self._vault.rows(dataset.name, dataset.version))


class Study:
    """One study."""

    def __init__(self, training: Training, study: bytes) -> None:
        self._training, self._access = training, training.access
        self.id = study

    def _repr_html_(self) -> str:
        found, awaited = self.view(), self.awaited()
        whom = ", ".join(awaited.members) or "nobody"
        facts = (
            ("status", found.progress.status),
            ("rounds final", found.progress.index),
            ("awaited", f"{whom} ({awaited.action})"),
            ("recipe", found.study.terms.recipe.name),
            ("purpose", found.study.terms.purpose),
        )
        members = tuple((one.member, one.part.records) for one in found.parts)
        title = found.study.terms.title or found.study.terms.name
        return shown(Table(title, ("what", "value"), facts), Table("Members", ("member", "records"), members))

    def view(self) -> queries.StudyView:
        """The study, how far it is, and everybody who takes part."""
        return self._access.query("training.study", queries.ById(self.id), queries.StudyView)

    @property
    def status(self) -> str:
        """proposed, running, finished or aborted."""
        return self.view().progress.status

    def join(self, data: str) -> "Study":
        """Take part with an own data set. Joining is consent; raises CannotJoin before anything is signed."""
        asset = self._training.assets.get(data)
        schema = plans(self.view().study.terms).schema
        raw = self._training.raw(asset)
        faults = mismatches(schema, raw)
        if faults:
            raise CannotJoin("\n".join(faults))
        records = make_table(raw, schema).records
        self._access.submit(Join(self.id, asset.id, asset.version, records))
        return self

    def start(self) -> "Study":
        """Begin the rounds; a study that runs already, or is started meanwhile, stays as it is."""
        if self.status == "proposed":
            try:
                self._access.submit(Start(self.id))
            except TransactionRefused as error:
                if error.code != NOT_PROPOSED.code:
                    raise
        return self

    def leave(self) -> "Study":
        """Take no part any more."""
        self._access.submit(Leave(self.id))
        return self

    def cancel(self, reason: str) -> "Study":
        """Abort an own study."""
        self._access.submit(Cancel(self.id, reason))
        return self

    def awaited(self) -> queries.Awaited:
        """Who is awaited, for what and until when."""
        return self._access.query("training.awaited", queries.ById(self.id), queries.Awaited)

    def wait(self, seconds: float = 600.0) -> "Study":
        """Wait until the study has ended; raises StudyEnded when it did not in time, or was aborted."""
        deadline = time.monotonic() + seconds
        while (status := self.status) not in {"finished", "aborted"}:
            if time.monotonic() > deadline:
                raise StudyEnded(f"the study is {status} after {seconds} s")
            self._access.pause(PAUSE_SECONDS)
        if status == "aborted":
            raise StudyEnded(self.view().progress.reason or "the study was aborted")
        return self

    def cost(self) -> CostView:
        """What the study's sums have cost a population so far, and as planned, in nano-rho."""
        return self._access.query("training.cost", queries.ById(self.id), CostView)

    def model(self) -> Asset:
        """The model's asset; raises StudyEnded while there is none."""
        model = self.view().progress.model
        if model is None:
            raise StudyEnded(f"the study has no model: it is {self.status}")
        return self._training.assets.get(model)

    def own_result(self, data: str) -> Model:
        """The model with this member's own intercept, from its records in an own data set.

        For studies with a site ridge. Raises StudyEnded, RecipeError, DataError.
        """
        self.model()
        shared = self._access.blob(self.view().progress.state)
        raw = self._training.raw(self._training.assets.get(data))
        return Model(own_model(shared, make_table(raw, load(shared).schema)))

    def weights(self) -> NDArray[np.float32]:
        """The model of a study of weights as one vector, for the framework they are of; raises StudyEnded."""
        self.model()
        return weights_of(self._access.blob(self.view().progress.state))

    def result(self) -> Model:
        """The model in scikit-learn's shape: predict, predict_proba, score; raises StudyEnded."""
        self.model()
        return Model(self._access.blob(self.view().progress.state))
