"""How every story is run: its data are checked, its stage is built, it is told, and all homes are audited."""

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from consortia.cli.demo.consortium import Consortium
from consortia.cli.demo.stage import Played
from consortia.cli.demo.telling import Teller, paragraph, say_checks, wait_until
from consortia.cli.output import Failure, facts, say
from consortia.engines.train.files import DataError
from consortia.node.audit.run import audit_homes
from consortia.node.config import FILE
from consortia.node.home import Home
from consortia.node.localnet import NodeDown
from consortia.sdk.errors import LedgerError
from consortia.solutions.story import Asked, Metric, Story, StoryFailed, Told

MARK = ".consortia-demo"
"""A file by which a folder is known as a demo's, which the next one may replace."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ended:
    """What a story came to, as both faces of the command tell it."""

    names: tuple[str, ...]
    network: str
    height: int
    transactions: int
    url: str
    told: Told


def play(story: Story[T], asked: Asked, folder: Path, stay: threading.Event | None, *, as_json: bool) -> None:
    """Run a story to its end, and with `stay` keep the nodes up until interrupted; raises Failure."""
    teller = Teller(to_error=as_json)
    try:
        data = story.prepare(asked)
    except DataError as error:
        raise Failure(str(error)) from None
    clear(folder)
    try:
        with Consortium(folder, story.members, teller, lasting=True) as consortium:
            ended = _tell(story, data, asked, consortium, teller)
            if stay is not None:
                _finish(ended, folder, teller, as_json=as_json)
                wait_until(stay, ended.url, as_json=as_json)
                return
    except (LedgerError, StoryFailed, NodeDown) as error:
        raise Failure(f"the story broke off: {error}", f"look at the logs in {folder}") from error
    _finish(ended, folder, teller, as_json=as_json)


def clear(folder: Path) -> None:
    """Make the folder, in the place of an earlier demo's: not before there are data for another.

    Raises Failure where that demo still runs, or the folder cannot be written.
    """
    if any(Home(settings.parent).running() is not None for settings in folder.glob(f"*/{FILE}")):
        raise Failure(
            f"a demo still runs in {folder}", "end it with Ctrl-C, or choose another folder with --home"
        )
    try:
        if folder.exists() and any(folder.iterdir()):
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).touch()
    except OSError as error:
        raise Failure(f"{folder}: {error.strerror}", "choose another folder with --home") from None


def _tell(story: Story[T], data: T, asked: Asked, consortium: Consortium, teller: Teller) -> Ended:
    stage = Played(asked, consortium, teller)
    try:
        told = story.tell(stage, data)
    finally:
        stage.close()
    consortium.settle()
    status = consortium.client(consortium.names[0]).status()
    transactions = status.size - (status.height + 1)
    url = consortium.founder.way_in
    return Ended(consortium.names, status.network, status.height, transactions, url, told)


def _finish(ended: Ended, folder: Path, teller: Teller, *, as_json: bool) -> None:
    with teller.doing("every member's home is audited: all blocks, rounds and predictions again"):
        audit = audit_homes(folder).facts()
    if as_json:
        facts(_facts(ended, folder, audit, teller))
    else:
        _say(ended, folder, audit, teller)
    if audit["mismatches"]:
        raise Failure(f"the audit found {audit['mismatches']} mismatches", "consortia audit HOME")


def _facts(ended: Ended, folder: Path, audit: dict[str, int], teller: Teller) -> dict[str, Any]:
    """The object that every story ends with, and the story's own facts."""
    return {
        "network": ended.network,
        "height": ended.height,
        "transactions": ended.transactions,
        "members": list(ended.names),
        "caught": [one.facts() for one in teller.caught],
        "proof": str(ended.told.proof),
        "home": str(folder),
        "seconds": round(teller.seconds, 2),
        "audit": audit,
        "metrics": [
            {
                "name": one.name,
                "unit": one.unit,
                "better": one.better,
                "ours": one.ours,
                "baselines": dict(one.baselines),
            }
            for one in ended.told.metrics
        ],
        "url": ended.url,
        **ended.told.more,
    }


def _say(ended: Ended, folder: Path, audit: dict[str, int], teller: Teller) -> None:
    """The end, for a person: figures, the audit, what is not claimed, and the commands to run next."""
    say()
    for metric in ended.told.metrics:
        _say_metric(metric)
    say(f"\n{ended.transactions} transactions, {ended.height + 1} blocks, {teller.seconds:.0f} seconds\n")
    parts = [
        f"Audit of {len(ended.names)} members' homes: {audit['blocks']} blocks replayed in each; over all,",
        f"{audit['rounds_recomputed']} rounds re-computed, {audit['predictions_replayed']} predictions",
        f"replayed, {audit['acts_executed']} agents' acts executed again, {audit['mismatches']} mismatches.",
    ]
    say(paragraph(" ".join(parts)))
    for text in (*ended.told.closing, "Demo keys are not encrypted."):
        say(paragraph(text))
    say_checks(ended.told.proof, folder, ended.network)


def _say_metric(metric: Metric) -> None:
    """A figure above those that it is to be compared with."""
    say(f"{metric.name} ({metric.unit}, {metric.better} is better)")
    for name, value in ((metric.called, metric.ours), *metric.baselines.items()):
        say(f"  {name:<40}  {value:12.4g}")
