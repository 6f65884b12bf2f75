"""Commitments open to what was committed, to nothing else, and only to whoever has the salts."""

import os
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consortia.base import merkle
from consortia.base.codec import Malformed, decode_record, encode, encode_record
from consortia.base.commitments import record_leaf, subject_key
from consortia.engines.commit import batch, chunks, dataset, prediction, reference
from consortia.engines.commit.batch import BLOCK_RECORDS, WrongOpening
from consortia.engines.commit.chunks import CHUNK_BYTES, ChunkTree, WrongChunk
from consortia.engines.commit.dataset import Absence, Presence, WrongProof

SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 5]


def numbered(count: int) -> list[bytes]:
    return [b"reading %d" % number for number in range(count)]


def salts_of(made: batch.Batch) -> list[bytes]:
    return [made.salt(index) for index in range(made.count)]


class TestBatch:
    @pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 1023, 1024, 1025, 2048, 3000, 5121])
    def test_the_fast_root_and_paths_are_those_of_the_plain_law(self, count: int) -> None:
        records = numbered(count)
        made = batch.build(records)
        salts = salts_of(made)
        assert made.root == reference.batch_root(salts, records)
        for index in {0, 1, count // 2, count - 1} & set(range(count)):
            opening = made.open(index, records)
            assert list(opening.path) == reference.batch_path(salts, records, index)
            batch.verify(made.root, opening)

    @given(st.lists(st.binary(max_size=40), min_size=1, max_size=60), st.data())
    def test_any_record_of_any_batch_opens(self, records: list[bytes], data: st.DataObject) -> None:
        made = batch.build(records)
        assert made.root == reference.batch_root(salts_of(made), records)
        index = data.draw(st.integers(0, len(records) - 1))
        opening = made.open(index, records)
        batch.verify(made.root, decode_record(batch.Opening, encode_record(opening)))

    def test_a_pool_of_processes_gives_the_same_root_and_the_stream_stays_in_order(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch, "PIECE_RECORDS", 2 * BLOCK_RECORDS)
        records = numbered(11 * BLOCK_RECORDS + 5)
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            made = batch.build(iter(records), pool)
        assert made.count == len(records)
        assert made.root == reference.batch_root(salts_of(made), records)
        batch.verify(made.root, made.open(len(records) - 1, records))

    @pytest.mark.parametrize(
        ("what", "change"),
        [
            ("record", lambda o: replace(o, record=o.record + b"!")),
            ("salt", lambda o: replace(o, salt=bytes(32))),
            ("place", lambda o: replace(o, index=o.index + 1)),
            ("place beyond the end", lambda o: replace(o, index=o.count)),
            ("count", lambda o: replace(o, count=o.count * 4)),
            ("shorter path", lambda o: replace(o, path=o.path[:-1])),
            ("longer path", lambda o: replace(o, path=(*o.path, bytes(32)))),
            ("other path", lambda o: replace(o, path=(bytes(32), *o.path[1:]))),
        ],
    )
    def test_a_changed_opening_is_refused(self, what: str, change: object) -> None:
        records = numbered(9)
        made = batch.build(records)
        with pytest.raises(WrongOpening):
            batch.verify(made.root, change(made.open(3, records)))

    def test_records_that_were_not_committed_are_not_opened(self) -> None:
        made = batch.build(numbered(9))
        with pytest.raises(WrongOpening):
            made.open(3, [b"another"] * 9)
        with pytest.raises(IndexError):
            made.open(9, numbered(9))

    def test_salts_must_match_the_records(self) -> None:
        with pytest.raises(ValueError, match="do not go with"):
            batch.leaf_hashes([b"one"], b"")

    def test_the_same_records_give_another_root_each_time(self) -> None:
        assert batch.build(numbered(3)).root != batch.build(numbered(3)).root

    def test_a_neighbours_record_is_recovered_from_an_unsalted_tree_and_not_from_a_salted_one(self) -> None:
        """A record of few likely values: whoever is shown a path gets its neighbour's leaf hash with it."""
        likely = [b"patient 7, diagnosis %s" % letter for letter in (b"A", b"B", b"C")]
        records = [b"my own record", likely[1]]

        unsalted = [merkle.leaf_hash(record) for record in records]
        shown = merkle.inclusion_path(unsalted, 0)
        assert [guess for guess in likely if merkle.leaf_hash(guess) == shown[0]] == [likely[1]]

        made = batch.build(records)
        opening = made.open(0, records)
        own = [opening.salt, bytes(32), made.root]
        assert not [guess for guess in likely for salt in own if record_leaf(salt, guess) == opening.path[0]]
        assert record_leaf(made.salt(1), likely[1]) == opening.path[0]  # it is there, behind its salt alone


class TestChunks:
    @pytest.mark.parametrize("size", SIZES)
    def test_files_and_bytes_have_the_address_of_the_plain_law(self, size: int, tmp_path: Path) -> None:
        data = os.urandom(size)
        path = tmp_path / "blob"
        path.write_bytes(data)
        expected = reference.blob_id(data)
        assert chunks.blob_id(data) == expected
        assert (
            chunks.hash_file(path).id
            == chunks.hash_file(path, 1).id
            == chunks.hash_file(path, 3).id
            == expected
        )

    def test_each_chunk_is_checked_as_it_arrives_by_list_or_by_path(self) -> None:
        data = os.urandom(2 * CHUNK_BYTES + 9)
        tree = chunks.hash_bytes(data)
        received = ChunkTree.decode(tree.encode(), tree.id)
        assert received == tree
        for index in (2, 0, 1):
            chunk = data[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
            received.verify(index, chunk)
            chunks.verify_chunk(tree.id, tree.size, index, chunk, tree.path(index))
        last = data[2 * CHUNK_BYTES :]
        for wrong in (last[:-1], last + b"!", bytes(9)):
            with pytest.raises(WrongChunk):
                received.verify(2, wrong)
            with pytest.raises(WrongChunk):
                chunks.verify_chunk(tree.id, tree.size, 2, wrong, tree.path(2))
        with pytest.raises(WrongChunk, match="too short"):
            chunks.verify_chunk(tree.id, tree.size, 2, last, [])
        with pytest.raises(IndexError):
            received.verify(3, last)

    def test_a_list_of_another_blob_and_a_malformed_list_are_refused(self) -> None:
        tree = chunks.hash_bytes(b"data")
        with pytest.raises(WrongChunk):
            ChunkTree.decode(chunks.hash_bytes(b"other").encode(), tree.id)
        with pytest.raises(Malformed):
            ChunkTree.decode(encode_record(chunks.ChunkList(4, b"")), tree.id)
        with pytest.raises(Malformed):
            ChunkTree.decode(b"", tree.id)

    def test_the_size_is_part_of_the_address(self) -> None:
        tree = chunks.hash_bytes(b"data")
        assert ChunkTree(5, tree.chunks).id != tree.id

    @pytest.mark.parametrize(
        ("size", "hashes"), [(-1, ()), (chunks.BLOB_BYTES_MAX + 1, ()), (1, ()), (1, (b"short",))]
    )
    def test_a_tree_that_cannot_be_is_refused(self, size: int, hashes: tuple[bytes, ...]) -> None:
        with pytest.raises(ValueError, match=r"bytes"):
            ChunkTree(size, hashes)

    def test_a_file_that_shrinks_while_it_is_hashed_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "blob"
        path.write_bytes(b"abc")
        descriptor = os.open(path, os.O_RDONLY)
        try:
            with pytest.raises(WrongChunk, match="ends at byte 3"):
                chunks._file_chunk_hash(descriptor, 0, 9)
        finally:
            os.close(descriptor)


def hospital() -> dataset.DataSet:
    rows = {b"patient %d" % number: [b"visit 1", b"visit 2"][: 1 + number % 2] for number in range(40)}
    return dataset.create(rows, enrolled=[b"refuser"])


class TestDataSet:
    def test_the_commitment_is_that_of_the_plain_law(self) -> None:
        data = hospital()
        made = dataset.commitment(data)
        plain = {
            one.name: (one.salt, one.revisions[-1].salt, one.rows) for one in data.subjects if one.revisions
        }
        assert made.root == reference.set_root(plain)
        assert (made.subjects, made.count) == (40, 60)

    def test_every_subject_is_shown_its_rows_or_its_absence(self) -> None:
        data = hospital()
        root = dataset.commitment(data).root
        for number in range(40):
            proof = dataset.prove(data, b"patient %d" % number)
            assert isinstance(proof, Presence)
            assert len(proof.rows) == 1 + number % 2
            dataset.verify_presence(root, decode_record(Presence, encode_record(proof)))
        absent = dataset.prove(data, b"refuser")
        assert isinstance(absent, Absence)
        dataset.verify_absence(root, decode_record(Absence, encode_record(absent)))

    def test_false_proofs_are_refused(self) -> None:
        data = hospital()
        root = dataset.commitment(data).root
        present, absent = dataset.prove(data, b"patient 1"), dataset.prove(data, b"refuser")
        proofs = (dataset.prove(data, b"patient %d" % number) for number in range(40))
        elsewhere = next(proof.path for proof in proofs if proof.path != present.path)
        for wrong in (
            replace(present, rows=present.rows[:1]),
            replace(present, rows=(present.rows[0] + present.rows[1],)),
            replace(present, subject=b"patient 2"),
            replace(present, salt=bytes(32)),
            replace(present, rows_salt=bytes(32)),
            replace(present, path=elsewhere),
        ):
            with pytest.raises(WrongProof):
                dataset.verify_presence(root, wrong)
        for claim in (
            Absence(present.subject, present.salt, present.path),
            replace(absent, path=replace(absent.path, entries=())),
        ):
            with pytest.raises(WrongProof):
                dataset.verify_absence(root, claim)
        with pytest.raises(WrongProof):
            dataset.verify_presence(bytes(32), present)

    def test_appended_rows_change_the_values_of_their_subjects_alone(self) -> None:
        first = hospital()
        second = dataset.append(first, {b"patient 1": [b"visit 3"], b"newcomer": [b"visit 1"]})
        before, after = dataset.entries(first), dataset.entries(second)
        changed = {key for key in after if before.get(key) != after[key]}
        names = {one.name for one in second.subjects if one.key in changed}
        assert names == {b"patient 1", b"newcomer"}
        assert dataset.entries(second, 1) == before
        assert dataset.commitment(second, 1) == dataset.commitment(first)
        old = dataset.prove(second, b"patient 1", 1)
        assert old.rows == (b"visit 1", b"visit 2")
        dataset.verify_presence(dataset.commitment(first).root, old)
        dataset.verify_absence(dataset.commitment(first).root, dataset.prove(second, b"newcomer", 1))
        new = dataset.prove(second, b"patient 1")
        assert new.rows == (b"visit 1", b"visit 2", b"visit 3")
        dataset.verify_presence(dataset.commitment(second).root, new)

    def test_a_removed_subject_is_shown_its_absence_and_its_old_rows_do_not_come_back(self) -> None:
        data = dataset.remove(hospital(), [b"patient 1"])
        root = dataset.commitment(data).root
        dataset.verify_absence(root, dataset.prove(data, b"patient 1"))
        again = dataset.append(data, {b"patient 1": [b"visit 9"]})
        assert dataset.prove(again, b"patient 1").rows == (b"visit 9",)
        assert dataset.commitment(again).count == dataset.commitment(data).count + 1

    def test_an_erased_subject_leaves_only_hashes_and_the_others_still_open_in_every_version(self) -> None:
        first = hospital()
        salt = dataset.prove(first, b"patient 1").salt
        data = dataset.erase(first, [b"patient 1"])
        stored = encode_record(data)
        assert b"patient 1" not in {one.name for one in data.subjects}
        assert salt not in stored
        with pytest.raises(KeyError, match="erased"):
            dataset.prove(data, b"patient 1")
        for version in (1, 2):
            root = dataset.commitment(data, version).root
            dataset.verify_presence(root, dataset.prove(data, b"patient 2", version))
        assert dataset.commitment(data, 1) == dataset.commitment(first)

    def test_unknown_subjects_and_versions_are_named(self) -> None:
        data = hospital()
        with pytest.raises(KeyError, match="unknown"):
            dataset.remove(data, [b"nobody"])
        with pytest.raises(KeyError, match="no version"):
            dataset.commitment(data, 2)
        with pytest.raises(KeyError, match="never enrolled"):
            dataset.prove(data, b"nobody")
        with pytest.raises(ValueError, match="1 to 256"):
            dataset.append(data, {b"": [b"row"]})


def predictions(count: int) -> list[prediction.OpenedPrediction]:
    made = []
    for number in range(count):
        salt, given = os.urandom(32), encode([number, None])
        record = prediction.PredictionRecord(
            model=bytes(32),
            input=prediction.input_digest(salt, given),
            score=-number,
            probability_ppm=500_000,
            label="benign",
            policy=prediction.policy_hash("refer from one half on"),
            time=1,
            subject=subject_key(bytes(32), b"patient"),
        )
        made.append(prediction.OpenedPrediction(record, os.urandom(32), given, salt))
    return made


class TestPredictions:
    def committed(self, made: list[prediction.OpenedPrediction]) -> bytes:
        leaves = [record_leaf(one.salt, encode_record(one.record)) for one in made]
        return merkle.root(leaves)

    def test_an_opened_batch_is_read_back_and_checked_against_its_root(self) -> None:
        made = predictions(5)
        data = prediction.encode_opened(made)
        assert prediction.read_opened(data, self.committed(made), 5) == tuple(made)

    def test_an_opened_batch_that_is_not_what_was_committed_is_refused(self) -> None:
        made = predictions(5)
        root = self.committed(made)
        other_output = [replace(made[0], record=replace(made[0].record, score=1)), *made[1:]]
        other_input = [replace(made[0], input=b"something else"), *made[1:]]
        for wrong, text in (
            (made[:-1], "4 records"),
            (other_output, "do not lead to the root"),
            (other_input, "record 0 was opened with another input"),
        ):
            with pytest.raises(WrongOpening, match=text):
                prediction.read_opened(prediction.encode_opened(wrong), root, 5)
        with pytest.raises(Malformed):
            prediction.read_opened(b"\xa0", root, 5)

    def test_an_input_needs_a_whole_salt(self) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            prediction.input_digest(b"", b"input")


def test_the_program_on_the_page_about_commitments_runs() -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "commitments.md"
    (program,) = re.findall(
        r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    exec(compile(program, str(page), "exec"), {})  # noqa: S102 (the page's own program)


def test_of_a_subject_that_is_no_secret_a_version_says_one_thing_and_what_it_says_is_not_guessed():
    made = [dataset.create({b"event price": [b"412.50"]}, known=True) for _ in range(2)]
    first, second = [dataset.entries(one) for one in made]
    assert first.keys() == second.keys()
    assert first != second
    erased = dataset.erase(made[0], [b"event price"])
    with pytest.raises(ValueError, match="not told of again"):
        dataset.append(erased, {b"event price": [b"399.00"]}, known=True)
