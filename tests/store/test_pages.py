"""A damaged file is refused before it is mapped, or reading it changes no process and invents no fact."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from consortia.store.lmdb import FILE_NAME
from consortia.store.pages import PageError, check_pages, file_bytes
from tests.store.blocks import grown

READER = """
import sys
from pathlib import Path
from consortia.kernel.tree import Tree, TreeError
from consortia.store.errors import StoreError
from consortia.store.lmdb import LmdbStore

def facts(folder):
    with LmdbStore(Path(folder), read_only=True) as store, store.snapshot() as view:
        height = view.height
        Tree.open(view, view.mark()[:32])
        leaves = [view.leaf(at) for at in range(view.header(height) + 1)]
        blocks = [view.block(at) for at in range(height + 1)]
        return height, list(view.scan(b"")), leaves, blocks, list(view.buckets()), view.newest_note()

whole = facts(sys.argv[1])
counts = {"refused": 0, "the same": 0, "changed": 0}
for folder in sys.argv[2:]:
    try:
        counts["the same" if facts(folder) == whole else "changed"] += 1
    except (StoreError, TreeError, TypeError):  # TypeError: something asked for is not there
        counts["refused"] += 1
print(counts["refused"], counts["the same"], counts["changed"])
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A ledger with overflow pages, branches and free pages."""
    folder = tmp_path_factory.mktemp("whole")
    chain = grown(folder, 10)
    chain.append(300, bytes_each=6000)
    chain.append(300, bytes_each=50)
    chain.store.put_note(5, b"note" * 3000)
    chain.store.close()
    return folder


def test_a_whole_file_passes(whole: Path) -> None:
    path = whole / FILE_NAME
    check_pages(path)
    assert 0 < file_bytes(path) <= path.stat().st_size


def test_a_file_passes_after_every_one_of_many_commits(tmp_path, programme) -> None:
    """Free pages are listed by the number of the transaction that freed them, and 256 lies above 255."""
    chain = grown(tmp_path, 10)
    path = tmp_path / FILE_NAME
    for commit in range(programme(quick=300, test=600, nightly=5_000)):
        chain.append(20, bytes_each=300)
        if commit > 200 and commit % 5 == 0:
            check_pages(path)
    chain.store.close()
    check_pages(path)


def mutants(data: bytes, count: int, seed: int):
    """The file with one thing wrong: bits flipped in one page, pages swapped or emptied."""
    draw = random.Random(seed)
    pages = len(data) // 4096
    for _ in range(count):
        image = bytearray(data)
        at = 4096 * draw.randrange(pages)
        kind = draw.randrange(4)
        if kind == 0:
            image[at + draw.randrange(64)] ^= 1 << draw.randrange(8)
        elif kind == 1:
            image[at + draw.randrange(4096)] ^= 1 << draw.randrange(8)
        elif kind == 2:
            other = 4096 * draw.randrange(pages)
            image[at : at + 4096], image[other : other + 4096] = (
                data[other : other + 4096],
                data[at : at + 4096],
            )
        else:
            image[at : at + 4096] = draw.choice((bytes(4096), b"\xff" * 4096, draw.randbytes(4096)))
        yield bytes(image)


def test_any_damage_is_refused_by_name_or_let_through(whole: Path, tmp_path: Path, programme) -> None:
    data = (whole / FILE_NAME).read_bytes()
    path = tmp_path / FILE_NAME
    refused = 0
    count = programme(quick=100, test=600, nightly=20_000)
    for image in mutants(data, count, seed=1):
        path.write_bytes(image)
        try:
            check_pages(path)
        except PageError:
            refused += 1
    assert count // 10 < refused < count


def test_what_is_let_through_can_be_read_without_harm(whole: Path, tmp_path: Path, programme) -> None:
    data = (whole / FILE_NAME).read_bytes()
    folders = []
    for number, image in enumerate(mutants(data, programme(quick=20, test=80, nightly=5_000), seed=2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / FILE_NAME).write_bytes(image)
        folders.append(str(folder))
    command = [sys.executable, "-c", READER, str(whole), *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    refused, same, changed = map(int, done.stdout.split())
    assert refused + same + changed == len(folders)
    assert refused > 0


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (16, b"\0\0\0\0", "a meta page is not one"),
        (10, b"\0\0", "a meta page is not one"),
        (40, b"\x01\x10\0\0", "the page size is impossible"),
    ],
)
def test_a_damaged_meta_page_is_named(
    whole: Path, tmp_path: Path, offset: int, value: bytes, message: str
) -> None:
    image = bytearray((whole / FILE_NAME).read_bytes())
    image[offset : offset + len(value)] = value
    (tmp_path / FILE_NAME).write_bytes(image)
    with pytest.raises(PageError, match=message):
        check_pages(tmp_path / FILE_NAME)


def test_a_file_without_meta_pages_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"short")
    with pytest.raises(PageError, match="ends within its meta pages"):
        file_bytes(tmp_path / FILE_NAME)
