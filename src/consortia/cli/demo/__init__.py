"""`consortia demo`: a story on real data, in real processes, that ends with a proof anyone can check."""

import importlib
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from consortia.cli.options import rejects_option, skip_option
from consortia.cli.output import DONE, Failure, facts, fold

if TYPE_CHECKING:
    from consortia.solutions.story import Asked, Story

HEALTH = "health"
STORIES: dict[str, tuple[str, str]] = {
    HEALTH: (
        "consortia.cli.demo.health",
        "Four hospitals train a diagnosis model together, and anyone can check it.",
    ),
    "survival": (
        "consortia.solutions.health.scenarios.survival",
        "Three hospitals fit a survival model from FHIR; a patient withdraws and is not in the next round.",
    ),
    "trading": (
        "consortia.solutions.finance.scenarios.trading",
        "Four firms' AI delegates trade in sealed auctions under mandates; the day replays to the unit.",
    ),
    "fraud": (
        "consortia.solutions.finance.scenarios.fraud",
        "Five banks find frauds and a ring that none of them sees alone, and show nobody a customer.",
    ),
    "supply": (
        "consortia.solutions.supply.scenarios.supply",
        "Five parties of a cold chain recall exactly what a warm truck carried, and catch a copied serial.",
    ),
    "energy": (
        "consortia.solutions.city.scenarios.energy",
        "Seventeen homes trade their power for a day, metered and billed; one bill is proved to its owner.",
    ),
    "traffic": (
        "consortia.solutions.city.scenarios.traffic",
        "Three departments vote how a program may switch lights; anyone decides its decisions again.",
    ),
    "personal": (
        "consortia.solutions.personal.scenarios.personal",
        "Three services recommend from masked sums; a person asks why, sees who used what, and leaves.",
    ),
    "dao": (
        "consortia.solutions.dao.scenarios.dao",
        "Five organisations decide together, with an AI delegate that they can see, overrule and end.",
    ),
}
"""Each story's module, imported when it is run, and its title; all but the first hold it as `STORY`."""


@click.command()
@click.argument("name", default=HEALTH)
@click.option("--list", "listing", is_flag=True, help="List the stories and stop.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Your own data; which files, a story's page says."
)
@click.option("--label", help="With --data: the column to predict; it has two classes.")
@rejects_option
@skip_option
@click.option("--home", type=click.Path(path_type=Path), help="Keep everything here; default demo-NAME.")
@click.option("--seed", default=1, show_default=True, help="Changes splits and made-up data.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; progress goes to stderr.")
@click.option("--open", "stay", is_flag=True, help="Leave the nodes running until Ctrl-C.")
def demo(name: str, listing: bool, home: Path | None, as_json: bool, stay: bool, **asked: Any) -> int:  # noqa: ANN401 (the options above)
    """Run a story: `consortia demo health`.

    Every member is a node process of its own with a worker beside it, on this machine. It takes about a
    minute, and ends with a proof file and the commands that check it.
    """
    if listing:
        if as_json:
            facts({"stories": [{"name": known, "title": text} for known, (_, text) in STORIES.items()]})
            return DONE
        width = max(map(len, STORIES))
        for known, (_, text) in STORIES.items():
            fold(text, " " * (width + 2), first=f"{known:{width}}  ")
        return DONE
    if name not in STORIES:
        raise click.BadParameter(f"there is no story {name!r}; there are: {', '.join(STORIES)}")
    from consortia.solutions.story import Asked

    wanted = Asked(**asked)
    folder = _folder(home, name)
    signal.signal(signal.SIGTERM, interrupt)
    wait = threading.Event() if stay else None
    if name == HEALTH:
        _no_rejects(name, wanted)
        _health(wanted, folder, wait, as_json=as_json)
        return DONE
    from consortia.cli.demo.playing import play

    story: Story[Any] = importlib.import_module(STORIES[name][0]).STORY
    if not story.rejects:
        _no_rejects(name, wanted)
    play(story, wanted, folder, wait, as_json=as_json)
    return DONE


def _no_rejects(name: str, asked: "Asked") -> None:
    """Say so where a story does not heed what is asked about rows."""
    if asked.rejects is not None or asked.skip_bad_rows:
        raise click.UsageError(f"the {name} story takes no --rejects and no --skip-bad-rows")


def _health(asked: "Asked", folder: Path, wait: threading.Event | None, *, as_json: bool) -> None:
    """The first story, which needs more of its nodes than a stage gives: it looks into their memories."""
    from consortia.cli.demo.health import Wanted, run

    if (asked.data is None) != (asked.label is None):
        raise click.UsageError("--data and --label go together: the folder, and the column to predict")
    run(Wanted(folder, asked.data, asked.label, asked.seed, as_json), wait)


def interrupt(number: int, frame: object) -> None:
    """Let SIGTERM end a command as Ctrl-C does, so that every node is stopped."""
    del number, frame
    raise KeyboardInterrupt


def _folder(home: Path | None, name: str) -> Path:
    from consortia.cli.demo.playing import MARK

    folder = (Path(f"demo-{name}") if home is None else home.expanduser()).absolute()
    try:
        taken = folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists()
    except OSError as error:
        raise Failure(f"{folder}: {error.strerror}", "choose another folder with --home") from None
    if taken:
        remedy = f"consortia demo {name} --home OTHER"
        raise Failure(f"{folder} is not empty, and no demo made it", remedy)
    return folder
