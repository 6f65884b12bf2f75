"""The study of a demo: data sets committed and registered, terms proposed, joined, and watched to the end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from consortia.cli.demo.consortium import Consortium
from consortia.engines.train.files import read_file
from consortia.engines.train.table import Table, csv_text
from consortia.kernel.block import Receipt
from consortia.modules.assets.messages import Register
from consortia.modules.assets.types import Permission, Rights
from consortia.modules.training import queries, rules
from consortia.modules.training import types as law
from consortia.modules.training.messages import Join, Propose, Start
from consortia.node.home import write_private
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.paging import round_pages
from consortia.workers.rows import by_subject
from consortia.workers.terms import MASKED, OPEN, Wanted

PURPOSE = "diagnosis"
JOIN_MILLISECONDS = 120_000
STEP_MILLISECONDS = 4_000
STUDY_SECONDS_MAX = 300.0
RUNNING = "training.not_proposed"
"""The refusal to start a study that runs already."""

_PAUSE_SECONDS = 0.05


class StudyFailed(RuntimeError):
    """A study that did not end with a model; the text says why."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A member's data set as the ledger has it: asset id and number of records."""

    asset: bytes
    records: int


def share(consortium: Consortium, tables: Mapping[str, Table]) -> dict[str, DataSet]:
    """Each member commits to its own records, by patient and salted, and registers the commitment."""
    shared: dict[str, DataSet] = {}
    for name, table in tables.items():
        party = consortium.party(name)
        file = party.home.private / "records.csv"
        write_private(file, csv_text(table).encode())
        raw = read_file(file)
        patients = [f"{name}-{number:05}".encode() for number in range(1, len(raw.rows) + 1)]
        made = party.vault.add_dataset("records", by_subject(raw, patients))
        receipt = consortium.client(name).submit(
            Register(
                name="records",
                kind="dataset",
                title=f"Patients of {name}",
                form="set",
                commitment=made.root,
                count=table.records,
                subjects=len(patients),
                schema=rules.schema_hash(table.schema.encode()),
                parents=(),
                rights=Rights((Permission(name, (PURPOSE,)),), ()),
            )
        )
        shared[name] = DataSet(_field(receipt, "asset"), table.records)
    return shared


def wanted(
    name: str, title: str, members: tuple[str, ...], step_milliseconds: int = STEP_MILLISECONDS
) -> Wanted:
    """What the demo asks of a study: everybody in it, little time for each step, masks where they hide.

    A masked sum of two would show each the other's update.
    """
    deadlines = law.Deadlines(JOIN_MILLISECONDS, step_milliseconds, step_milliseconds)
    summing = MASKED if len(members) >= law.MASKED_MIN else OPEN
    return Wanted(name, title, PURPOSE, deadlines, invited=members, summing=summing)


def agree(consortium: Consortium, asked: law.Terms, initial: bytes, shared: Mapping[str, DataSet]) -> bytes:
    """The founder proposes, everybody joins with its data set, the founder starts; gives the study's id."""
    founder = consortium.client(consortium.names[0])
    founder.put_blob(initial)
    founder.submit(Propose(asked))
    found = founder.query("training.find", queries.ByName(consortium.names[0], asked.name), queries.Found)
    if found.study is None:
        raise StudyFailed("the study was not proposed")
    for name, data in shared.items():
        consortium.client(name).submit(Join(found.study, data.asset, 1, data.records))
    try:
        founder.submit(Start(found.study))
    except TransactionRefused as refused:
        if refused.code != RUNNING:  # a worker was faster: everybody had joined
            raise
    return found.study


Watcher = Callable[[queries.Awaited], None]


def watch(consortium: Consortium, study: bytes, seen: Watcher) -> queries.StudyView:
    """Follow a study to its end, telling again and again whom it awaits; raises StudyFailed."""
    client = consortium.client(consortium.names[0])
    deadline = time.monotonic() + STUDY_SECONDS_MAX
    while time.monotonic() < deadline:
        now = client.query("training.awaited", queries.ById(study), queries.Awaited)
        seen(now)
        if now.status in {"finished", "aborted"}:
            return client.query("training.study", queries.ById(study), queries.StudyView)
        time.sleep(_PAUSE_SECONDS)
    raise StudyFailed(f"the study did not end within {STUDY_SECONDS_MAX:.0f} s")


def rounds_of(consortium: Consortium, study: bytes) -> list[law.Round]:
    """Every try of every round."""
    client = consortium.client(consortium.names[0])
    return [this for page in round_pages(client.query, study) for this in page.rounds]


def _field(receipt: Receipt, name: str) -> bytes:
    for event in receipt.events:
        value = event.body.get(name)
        if isinstance(value, bytes):
            return value
    raise StudyFailed(f"the receipt of {receipt.transaction.hex()} names no {name}")
