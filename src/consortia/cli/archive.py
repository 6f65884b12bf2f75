"""`consortia export`, `import`, `backup`, `restore`: leave with everything, and come back."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from consortia.cli.network import ordered_by, wishes
from consortia.cli.options import home_option, json_option, listen_option, peer_listen_option, url_option
from consortia.cli.output import DONE, Failure, facts, note, say
from consortia.cli.session import at_home
from consortia.node.archive import Progress, export_home, import_home, ledger_of, voters
from consortia.node.backup import begin_backup, finish_backup, restore_home
from consortia.node.cometbft.peering import peer_of
from consortia.node.home import Home, default_home


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--private", is_flag=True, help="With the member's keys, and its own records and salts.")
@home_option
@json_option
def export(*, file: Path, private: bool, home: Path | None, as_json: bool) -> int:
    """Write everything that the home holds to one archive FILE; the node may go on running.

    Genesis, blocks, final ledger checkpoints, blobs; with --private keys and own records too: keep such a
    file as you keep the home. `consortia import` starts again from it, with the same root.
    """
    found = Home.find(home, os.environ)
    if file.exists():
        raise Failure(f"{file} exists", "name another file")
    with quiet_ledger(found) as folder, ledger_of(folder) as ledger:
        standing = export_home(found, ledger, file, private=private, progress=progress())
    known: dict[str, object] = {
        "file": str(file),
        "height": standing.height,
        "size": standing.size,
        "root": standing.root,
    }
    if as_json:
        facts(known | {"blobs": standing.blobs, "bytes": file.stat().st_size, "private": private})
        return DONE
    say(f"{file}: {standing.height:,} blocks, {standing.blobs:,} blobs, {file.stat().st_size / 1e6:,.1f} MB")
    say(f"root {standing.root}")
    if private:
        note("It holds this member's keys and private records: keep it as you keep the home.")
    return DONE


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@home_option
@click.option(
    "--driver",
    type=click.Choice(["embedded", "cometbft"]),
    default="embedded",
    show_default=True,
    help="Who orders the blocks from here on: with cometbft, all members together.",
)
@listen_option
@url_option
@peer_listen_option
@click.option("--peer", "peers", multiple=True, metavar="ID@HOST:PORT", help="Another member's CometBFT.")
@json_option
def import_(
    *,
    file: Path,
    home: Path | None,
    driver: str,
    listen: str | None,
    url: str,
    peer_listen: str | None,
    peers: tuple[str, ...],
    as_json: bool,
) -> int:
    """Make a home of an archive FILE: replay every block, and arrive at the same root.

    Nothing in the file is believed: all signatures, roots and hashes are computed anew. Exit code 1: it does
    not hold, and no home is made. With --driver cometbft the network goes on from its last block under
    CometBFT: every member imports its own archive, made of the same last block.
    """
    path = home or default_home(os.environ)
    place = wishes(path, "", None, listen=listen, url=url, tls=False, worker=False)
    place = ordered_by(place, driver, peer_listen)
    settings: dict[str, object] = {"url": url, **place.more, "driver": driver, "peers": peers}
    if listen or driver == "cometbft":
        settings |= {"listen": place.listen, "tls": place.tls}
    made, manifest, standing = import_home(file, path, progress=progress(), settings=settings)
    peer = peer_of(made, made.config({})) if driver == "cometbft" else ""
    known: dict[str, object] = {
        "home": str(made.path),
        "network": manifest.network,
        "member": manifest.member,
    }
    known |= {
        "height": standing.height,
        "size": standing.size,
        "root": standing.root,
        "blobs": standing.blobs,
    }
    if as_json:
        facts(known | ({"peer": peer, "votes": _votes(made)} if peer else {}))
        return DONE
    say(f"{made.path}: {standing.height:,} blocks replayed, {standing.blobs:,} blobs, the same root")
    say(f"root {standing.root}")
    if not manifest.private:
        note("It has no keys: it can be read, audited and proved from, and runs no node.")
    if peer:
        say(f"peer {peer}")
        note(f"Those who vote: {', '.join(_votes(made))}. Tell the others this peer: --peer, or `peers`.")
        note("Never start the home it came from again: two nodes with the same keys contradict each other.")
    return DONE


def _votes(home: Home) -> list[str]:
    """The members who vote under CometBFT."""
    with ledger_of(home.ledger) as ledger:
        return voters(ledger)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@home_option
@json_option
def backup(*, folder: Path, home: Path | None, as_json: bool) -> int:
    """Back the home up into FOLDER, while its node runs or not. Keys are copied as they are kept."""
    found = Home.find(home, os.environ)
    begin_backup(found, folder)
    with quiet_ledger(found) as ledger_folder:
        target = folder / "ledger"
        target.mkdir(mode=0o700)
        shutil.copy2(ledger_folder / "data.mdb", target / "data.mdb")
    with ledger_of(folder / "ledger") as ledger:
        standing = finish_backup(found, ledger, folder, progress())
    if as_json:
        facts(
            {"folder": str(folder), "height": standing.height, "size": standing.size, "root": standing.root}
        )
        return DONE
    say(f"{folder}: height {standing.height:,}, {standing.blobs:,} blob files")
    say(f"root {standing.root}")
    note(f"Back from it: consortia restore {folder} --home DIR")
    return DONE


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@home_option
@json_option
def restore(*, folder: Path, home: Path | None, as_json: bool) -> int:
    """Make a home of the backup in FOLDER, or put its ledger in the place of that home's.

    Every file is checked first. A home that is still there keeps its keys and what its witness has signed.
    Start only one node with these keys, ever.
    """
    path = home or default_home(os.environ)
    made, manifest, over = restore_home(folder, path, progress())
    known: dict[str, object] = {
        "home": str(made.path),
        "network": manifest.network,
        "member": manifest.member,
    }
    known |= {"height": manifest.height, "size": manifest.size, "root": manifest.root, "replaced": over}
    if as_json:
        facts(known)
        return DONE
    say(f"{made.path}: height {manifest.height:,}")
    say(f"root {manifest.root}")
    if over:
        note("The ledger that was there is in ledger-before-restore; keys and witness memory stayed.")
    note("Two nodes with the same keys would contradict each other: see that the old one is gone.")
    say(f"Next: consortia up --home {made.path}")
    return DONE


@contextmanager
def quiet_ledger(home: Home) -> Iterator[Path]:
    """A folder with the home's ledger that nobody writes to: its own, or a copy by its running node."""
    if home.running() is None:
        with home.locked():
            yield home.ledger
        return
    answer = msgspec.json.decode(at_home(home.path).client.post("/v1/ledger-copy", b""), type=dict[str, str])
    folder = home.path / answer["folder"]
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def progress() -> Progress:
    """Progress on one line of standard error, where somebody looks at it; else nothing."""
    watched = sys.stderr.isatty()

    def tell(what: str, done: int, total: int) -> None:
        if watched and (done % 100 == 0 or done == total):
            end = "\n" if done == total else ""
            click.echo(f"\r{what}: {done:,} of {total:,}{end}", nl=False, err=True)

    return tell
