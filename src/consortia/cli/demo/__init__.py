"""`consortia demo`: a story on real data, in real processes, that ends with a proof anyone can check."""

import signal
import threading
from pathlib import Path

import click

from consortia.cli.output import DONE, Failure, facts, say

MARK = ".consortia-demo"
"""A file by which a folder is known as a demo's, which the next one may replace."""
STORIES = {"health": "Four hospitals train a diagnosis model together, and anyone can check it."}


@click.command()
@click.argument("name", default="health")
@click.option("--list", "listing", is_flag=True, help="List the stories and stop.")
@click.option("--data", type=click.Path(path_type=Path), help="A folder with one CSV file a member.")
@click.option("--label", help="With --data: the column to predict; it has two classes.")
@click.option("--home", type=click.Path(path_type=Path), help="Keep everything here; default demo-NAME.")
@click.option("--seed", default=1, show_default=True, help="Changes the splits.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; progress goes to stderr.")
@click.option("--open", "stay", is_flag=True, help="Leave the nodes running until Ctrl-C.")
def demo(  # noqa: PLR0917 (one parameter an option)
    name: str,
    listing: bool,
    data: Path | None,
    label: str | None,
    home: Path | None,
    seed: int,
    as_json: bool,
    stay: bool,
) -> int:
    """Run a story: `consortia demo health`.

    Every member is a node process of its own with a worker beside it, on this machine. It takes about a
    minute, and ends with a proof file and the commands that check it.
    """
    if listing:
        if as_json:
            facts({"stories": [{"name": story, "title": text} for story, text in STORIES.items()]})
            return DONE
        for story, text in STORIES.items():
            say(f"{story}  {text}")
        return DONE
    if name not in STORIES:
        raise click.BadParameter(f"there is no story {name!r}; there are: {', '.join(STORIES)}")
    if (data is None) != (label is None):
        raise click.UsageError("--data and --label go together: the folder, and the column to predict")
    from consortia.cli.demo.health import Wanted, run

    folder = _folder(home, name)
    wanted = Wanted(folder, data, label, seed, as_json)
    wait = threading.Event()
    signal.signal(signal.SIGTERM, interrupt)
    run(wanted, wait if stay else None)
    return DONE


def interrupt(number: int, frame: object) -> None:
    """Let SIGTERM end a command as Ctrl-C does, so that every node is stopped."""
    del number, frame
    raise KeyboardInterrupt


def _folder(home: Path | None, name: str) -> Path:
    folder = (Path(f"demo-{name}") if home is None else home.expanduser()).absolute()
    try:
        taken = folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists()
    except OSError as error:
        raise Failure(f"{folder}: {error.strerror}", "choose another folder with --home") from None
    if taken:
        remedy = f"consortia demo {name} --home OTHER"
        raise Failure(f"{folder} is not empty, and no demo made it", remedy)
    return folder
