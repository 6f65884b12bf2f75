"""After any crash a ledger is as before the block or as after it, never a mix.

LMDB writes a commit's data pages, syncs them, then writes one of two meta pages and syncs that. So a
crash can leave any subset of the changed data pages under the old meta pages, or all of them under a
meta page that is old, new or torn. Each image here is one such crash, made from the file's bytes before
and after a commit; it must open, hold one of the two states whole, and go on from there.
"""

import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from consortia.store.lmdb import FILE_NAME, LmdbStore
from tests.store.blocks import Chain, check

PAGE, SECTOR, META_BYTES = 4096, 512, 160
IMAGES_A_COMMIT = 10


@dataclass(frozen=True)
class Facts:
    """What a store holds after a height."""

    height: int
    state: dict[bytes, bytes]
    leaves: list[bytes]


@dataclass(frozen=True)
class Commit:
    """A commit as seen on the disk: the file before and after, and the facts before and after."""

    before: bytes
    after: bytes
    old: Facts
    new: Facts

    def changed(self) -> list[int]:
        """The numbers of the pages that the commit changed, meta pages left out."""
        pages = range(2, len(self.after) // PAGE)
        return [number for number in pages if page(self.before, number) != page(self.after, number)]

    def meta(self) -> int:
        """The number of the meta page that the commit wrote."""
        written = [number for number in (0, 1) if page(self.before, number) != page(self.after, number)]
        assert len(written) == 1
        return written[0]


def page(data: bytes, number: int) -> bytes:
    return data[number * PAGE : (number + 1) * PAGE]


def facts(chain: Chain) -> Facts:
    return Facts(chain.height, dict(chain.state), list(chain.leaves))


def commits(folder: Path, count: int, seed: int):
    """Commits of blocks of all sizes, one after the other, on one growing store."""
    draw = random.Random(seed)
    with LmdbStore(folder) as store:
        chain = Chain(store, seed)
        path = folder / FILE_NAME
        for _ in range(count):
            before, old = path.read_bytes(), facts(chain)
            chain.append(draw.choice((1, 10, 60, 150)), bytes_each=draw.choice((10, 300)))
            yield Commit(before, path.read_bytes(), old, facts(chain))


def partly_written(commit: Commit, draw: random.Random) -> bytes:
    """Some of the data pages reached the disk, the meta page did not; the file may or may not have grown."""
    image = bytearray(commit.before)
    written = [number for number in commit.changed() if draw.random() < draw.choice((0.1, 0.5, 0.9, 1.0))]
    if draw.random() < 0.5:
        image.extend(bytes(len(commit.after) - len(image)))
    for number in written:
        image.extend(bytes(max(0, (number + 1) * PAGE - len(image))))
        image[number * PAGE : (number + 1) * PAGE] = page(commit.after, number)
    return bytes(image)


def torn(commit: Commit, draw: random.Random) -> bytes:
    """All data pages reached the disk, the meta page only up to some byte or in some of its sectors."""
    image = bytearray(commit.after)
    start = commit.meta() * PAGE
    old = page(commit.before, commit.meta())
    if draw.random() < 0.7:
        cut = draw.randrange(META_BYTES)
        image[start + cut : start + PAGE] = old[cut:]
    else:
        for at in range(0, PAGE, SECTOR):
            if draw.random() < 0.5:
                image[start + at : start + at + SECTOR] = old[at : at + SECTOR]
    return bytes(image)


def opens_whole(folder: Path, image: bytes, *outcomes: Facts) -> Facts:
    """The image opens, holds exactly one of the outcomes, and takes the next block; return which it was."""
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(image)
    with LmdbStore(folder) as store, store.snapshot() as view:
        held = next(outcome for outcome in outcomes if outcome.height == view.height)
        check(view, held.height, held.state, held.leaves, Chain.history)
    return held


def goes_on(folder: Path, held: Facts) -> None:
    """A store that survived a crash can be written to, closed and found again."""
    with LmdbStore(folder) as store:
        store.put_note(1, b"after the crash" * 500)
        with store.snapshot() as view:
            check(view, held.height, held.state, held.leaves, Chain.history)
            assert view.note(1) == b"after the crash" * 500


def test_a_partly_written_commit_leaves_the_state_before_it(tmp_path: Path, programme) -> None:
    images = programme(quick=20, test=200, nightly=100_000)
    draw = random.Random(1)
    for number, commit in enumerate(commits(tmp_path / "whole", images // IMAGES_A_COMMIT, seed=1)):
        assert len(commit.changed()) > 3
        for variant in range(IMAGES_A_COMMIT):
            folder = tmp_path / f"{number}-{variant}"
            held = opens_whole(folder, partly_written(commit, draw), commit.old)
            goes_on(folder, held)


def test_a_torn_meta_page_leaves_the_state_before_or_after(tmp_path: Path, programme) -> None:
    images = programme(quick=20, test=200, nightly=100_000)
    draw = random.Random(2)
    outcomes = set[bool]()
    for number, commit in enumerate(commits(tmp_path / "whole", images // IMAGES_A_COMMIT, seed=2)):
        for variant in range(IMAGES_A_COMMIT):
            folder = tmp_path / f"{number}-{variant}"
            held = opens_whole(folder, torn(commit, draw), commit.old, commit.new)
            outcomes.add(held == commit.new)
            goes_on(folder, held)
    assert outcomes == {True, False}


def test_the_images_are_not_all_alike(tmp_path: Path) -> None:
    draw = random.Random(3)
    commit = list(commits(tmp_path, 3, seed=3))[-1]
    assert len({partly_written(commit, draw) for _ in range(20)}) > 10
    assert len({torn(commit, draw) for _ in range(20)}) > 2


def test_a_mix_would_be_noticed(tmp_path: Path) -> None:
    """The check itself: the new meta page over data pages that are missing is found out."""
    commit = list(commits(tmp_path / "whole", 5, seed=4))[-1]
    image = bytearray(commit.before.ljust(len(commit.after), b"\0"))
    start = commit.meta() * PAGE
    image[start : start + PAGE] = page(commit.after, commit.meta())
    with pytest.raises((AssertionError, RuntimeError, StopIteration)):
        opens_whole(tmp_path / "mix", bytes(image), commit.old, commit.new)
    wrong = replace(commit.old, leaves=[*commit.old.leaves, b"one more"])
    with pytest.raises(AssertionError):
        opens_whole(tmp_path / "wrong", commit.before, wrong)
