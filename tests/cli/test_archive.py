"""Leaving with everything, starting again from it, backing up a live node, and coming back."""

import io
import shutil
import tarfile

import pytest

from consortia.base.codec import decode, encode
from tests.cli.terminal import Terminal, found_and_join, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with Terminal(tmp_path_factory.mktemp("network")).session() as terminal:
        nodes = found_and_join(terminal, ["alpha", "bravo"])
        (terminal.folder / "rows.csv").write_text("patient,age\na,1\nb,2\n")
        terminal.run("asset", "add", "rows.csv", "--subject", "patient", "--home", "bravo")
        (terminal.folder / "tool.bin").write_bytes(bytes(range(256)) * 100)
        terminal.run("asset", "add", "tool.bin", "--kind", "function", "--home", "bravo")
        yield terminal, nodes


@pytest.fixture
def pair(network):
    """The network of two, both nodes running."""
    terminal, nodes = network
    for name, node in nodes.items():
        if node.process.poll() is not None:
            nodes[name] = terminal.up(name)
    return terminal, nodes


def where(known):
    return known["height"], known["size"], known["root"]


def test_an_export_starts_again_with_the_same_root(pair):
    terminal, nodes = pair
    out = terminal.facts("export", "leaving.tar", "--home", "bravo")
    assert out["blobs"] == 1
    made = terminal.facts("import", "leaving.tar", "--home", "again")
    assert where(made) == where(out)
    assert terminal.facts("status", "--home", "again", code=3)["root"] == out["root"]
    assert list((terminal.folder / "again" / "keys").iterdir()) == []
    nodes["bravo"].stop()
    terminal.run("export", "rest.tar", "--private", "--home", "bravo")
    terminal.run("import", "rest.tar", "--home", "whole")
    kept = terminal.folder / "whole" / "private" / "datasets" / "rows"
    assert kept.read_bytes() == (terminal.folder / "bravo" / "private" / "datasets" / "rows").read_bytes()
    assert "exists" in terminal.error("export", "rest.tar", "--home", "bravo")
    assert "a home already" in terminal.error("import", "rest.tar", "--home", "whole")


def test_an_archive_of_format_1_whose_blocks_had_no_accusations_is_read_as_well(pair):
    terminal, _ = pair
    out = terminal.facts("export", "newer.tar", "--home", "bravo")
    with (
        tarfile.open(terminal.folder / "newer.tar") as source,
        tarfile.open(terminal.folder / "older.tar", "w") as target,
    ):
        for entry in source:
            data = source.extractfile(entry).read()
            if entry.name == "archive.json":
                data = data.replace(b"consortia-archive-2", b"consortia-archive-1")
            if entry.name.startswith("blocks/"):
                data = encode({name: part for name, part in decode(data).items() if name != "accusations"})
            entry.size = len(data)
            target.addfile(entry, io.BytesIO(data))
    made = terminal.facts("import", "older.tar", "--home", "older")
    assert where(made) == where(out)


def changed(archive, name, change):
    """The archive with one entry changed, which must be found."""
    out = archive.with_name(f"{archive.stem}-{name.replace('/', '-')}.tar")
    with tarfile.open(archive) as source, tarfile.open(out, "w") as target:
        for entry in source:
            data = bytearray(source.extractfile(entry).read())
            if entry.name == name:
                data = change(data)
                if data is None:
                    continue
                entry.size = len(data)
            with (archive.parent / "piece").open("w+b") as piece:
                piece.write(data)
                piece.seek(0)
                target.addfile(entry, piece)
    return out


def flip(data):
    data[len(data) // 2] ^= 1
    return data


def test_a_changed_archive_is_found_and_makes_no_home(pair):
    terminal, _ = pair
    terminal.run("export", "whole.tar", "--home", "bravo")
    archive = terminal.folder / "whole.tar"
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    blob = next(name for name in names if name.startswith("blobs/"))
    note = next(name for name in names if name.startswith("notes/"))
    for name in ("genesis.cbor", "blocks/000000000003", note, blob):
        said = terminal.error("import", changed(archive, name, flip), "--home", "never")
        assert name in said or "genesis.cbor" in said
        assert not (terminal.folder / "never").exists()
    last = max(name for name in names if name.startswith("blocks/"))
    said = terminal.error("import", changed(archive, last, lambda data: None), "--home", "never")
    assert "notes/" in said or "the blocks lead to" in said
    assert "is no archive" in terminal.error("import", "rows.csv", "--home", "never")


def test_a_live_node_is_backed_up_and_restored_elsewhere(pair):
    terminal, nodes = pair
    secret = terminal.folder / "bravo" / "private" / "diary" / ("0" * 64) / f"secrets-{'1' * 64}"
    secret.parent.mkdir(parents=True)
    secret.write_bytes(bytes(128))
    out = terminal.facts("backup", "safe", "--home", "bravo")
    assert list((terminal.folder / "safe").rglob("secrets-*")) == []
    terminal.run("key", "new", "later", "--role", "analyst", "--home", "alpha")
    assert not list((terminal.folder / "bravo").glob("ledger-copy-*"))
    nodes["bravo"].stop()
    shutil.rmtree(terminal.folder / "bravo")
    made = terminal.facts("restore", "safe", "--home", "bravo")
    assert where(made) == where(out)
    nodes["bravo"] = terminal.up("bravo")
    until(
        lambda: (
            where(terminal.facts("status", "--home", "bravo"))
            == where(terminal.facts("status", "--home", "alpha"))
        ),
        "bravo catches up",
    )
    until(
        lambda: terminal.facts("status", "--home", "alpha")["cosigned"] == ["alpha", "bravo"],
        "bravo cosigns again",
    )


def test_a_restored_orderer_follows_what_it_had_ordered_since_the_backup(pair):
    terminal, nodes = pair
    terminal.run("backup", "before", "--home", "alpha")
    terminal.run("key", "new", "newer", "--role", "analyst", "--home", "alpha")
    newest = terminal.facts("status", "--home", "bravo")
    nodes["alpha"].stop()
    assert terminal.facts("restore", "before", "--home", "alpha")["replaced"] is True
    nodes["alpha"] = terminal.up("alpha")
    until(
        lambda: terminal.facts("status", "--home", "alpha")["height"] >= newest["height"],
        "alpha takes back what bravo holds",
    )
    terminal.run("key", "new", "after", "--role", "analyst", "--home", "alpha")
    until(
        lambda: (
            where(terminal.facts("status", "--home", "alpha"))
            == where(terminal.facts("status", "--home", "bravo"))
        ),
        "one history",
    )
    states = [terminal.facts("status", "--home", name) for name in ("alpha", "bravo")]
    assert [state["stopped"] for state in states] == [None, None]
    labels = [one["label"] for one in terminal.facts("key", "list", "--home", "alpha")["keys"]]
    assert {"newer", "after"} <= set(labels)


def test_a_damaged_backup_is_named_and_changes_nothing(pair):
    terminal, nodes = pair
    terminal.run("backup", "spare", "--home", "bravo")
    assert "a node runs already" in terminal.error("restore", "spare", "--home", "bravo")
    nodes["bravo"].stop()
    safe = terminal.folder / "spare"
    assert "is not empty" in terminal.error("backup", "spare", "--home", "bravo")
    victim = safe / "ledger" / "data.mdb"
    whole = victim.read_bytes()
    victim.write_bytes(flip(bytearray(whole)))
    assert "data.mdb was changed" in terminal.error("restore", "spare", "--home", "other")
    victim.write_bytes(whole)
    (safe / "keys" / "admin.key.json").unlink()
    assert "admin.key.json is missing" in terminal.error("restore", "spare", "--home", "other")
    assert not (terminal.folder / "other").exists()
