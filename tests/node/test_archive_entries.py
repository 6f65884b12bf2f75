"""An archive is of plain files: what else a tar can hold is refused before anything of it is written."""

import io
import tarfile

import pytest

from consortia.app import application
from consortia.base.codec import decode_record
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.node.archive import ArchiveError, export_home, import_home, ledger_of
from consortia.store.lmdb import LmdbStore
from tests.node.running import homes

HUGE = 1 << 50
BLOB = f"blobs/{'0' * 64}"


def quiet(_what, _done, _total):
    """No progress."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The archive of a member's home whose node never ran, with keys."""
    folder = tmp_path_factory.mktemp("archive")
    (home,) = homes(folder / "homes", "north")
    with LmdbStore(home.ledger) as store:
        Ledger.create(store, application(), decode_record(Genesis, home.genesis()))
    with ledger_of(home.ledger) as ledger:
        export_home(home, ledger, folder / "plain.tar", private=True, progress=quiet)
    return folder / "plain.tar"


def entry(name, kind, size=0, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return bytearray(info.tobuf(tarfile.GNU_FORMAT))


def hole(name, size):
    """A header of a file that is one hole, as GNU tar writes them: it takes no room, and is read as zeros."""
    header = entry(name, tarfile.GNUTYPE_SPARSE)
    number = b"\x80" + size.to_bytes(11, "big")
    header[345:500] = bytes(155)
    header[386:398], header[398:410], header[483:495] = number, b"00000000000 ", number
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return header


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (hole(BLOB, HUGE), "no plain file"),
        (hole("private/rows", HUGE), "no plain file"),
        (entry("private/rows", tarfile.REGTYPE, HUGE), "not there to its end"),
        (entry(BLOB, tarfile.REGTYPE, 100_000), "not there to its end"),
        (entry("private/rows", tarfile.REGTYPE, -512), "no plain file"),
        (entry("private/rows", tarfile.SYMTYPE, link="/etc/passwd"), "no plain file"),
        (entry("private/rows", tarfile.LNKTYPE, link="keys/admin.key.json"), "no plain file"),
        (entry("private/rows", tarfile.DIRTYPE), "no plain file"),
        (entry("private/rows", tarfile.FIFOTYPE), "no plain file"),
        (entry("long", tarfile.XHDTYPE, HUGE), "no plain file"),
        (entry("private/../../escaped", tarfile.REGTYPE), "belongs in no archive"),
        (entry("elsewhere/rows", tarfile.REGTYPE), "belongs in no archive"),
    ],
    ids=[
        *("hole-blob", "hole-private", "cut-private", "cut-blob", "negative", "link", "hard-link", "folder"),
        *("pipe", "long-header", "escape", "elsewhere"),
    ],
)
def test_what_is_no_plain_file_of_an_archive_is_refused_and_leaves_no_home(archive, tmp_path, more, why):
    hostile = tmp_path / "hostile.tar"
    with tarfile.open(archive) as source, tarfile.open(hostile, "w", format=tarfile.USTAR_FORMAT) as target:
        for one in source:
            target.addfile(one, io.BytesIO(source.extractfile(one).read()))
        end = target.offset
    with hostile.open("r+b") as file:
        file.truncate(end)
        file.seek(end)
        file.write(bytes(more) + bytes(1024))
    with pytest.raises(ArchiveError, match=why):
        import_home(hostile, tmp_path / "home", progress=quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hostile.tar"]


def test_an_archive_that_begins_with_a_link_is_refused(tmp_path):
    (tmp_path / "link.tar").write_bytes(
        bytes(entry("archive.json", tarfile.SYMTYPE, link="/etc/passwd")) + bytes(1024)
    )
    with pytest.raises(ArchiveError, match="no plain file"):
        import_home(tmp_path / "link.tar", tmp_path / "home", progress=quiet)


def test_the_plain_archive_is_taken(archive, tmp_path):
    home, manifest, _ = import_home(archive, tmp_path / "home", progress=quiet)
    assert (manifest.member, (home.keys / "admin.key.json").is_file()) == ("north", True)
