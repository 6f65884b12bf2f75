"""The vault opens what it keeps to one subject or one record at a time, and forgets what is erased."""

import stat
from pathlib import Path

import pytest

from consortia.base.codec import encode
from consortia.engines.commit import batch, dataset
from consortia.engines.commit.dataset import Absence, Presence
from consortia.engines.commit.prediction import OpenedPrediction, policy_hash, predicted, read_opened
from consortia.workers.vault import Vault, VaultError

ROWS = {b"anna": [b"visit 1", b"visit 2"], b"bert": [b"visit 3"], b"carl": [b"visit 4"]}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "private")


def everything(vault: Vault) -> bytes:
    return b"".join(path.read_bytes() for path in vault._folder.rglob("*") if path.is_file())


def answers(count: int) -> list[OpenedPrediction]:
    return [
        predicted(
            model=bytes(32),
            given=encode([number]),
            score=number,
            probability_ppm=1,
            label="benign",
            policy=policy_hash("refer"),
            time=1,
        )
        for number in range(count)
    ]


class TestDataSets:
    def test_each_subject_is_shown_its_rows_and_an_enrolled_one_its_absence(self, vault: Vault) -> None:
        made = vault.add_dataset("patients", ROWS, enrolled=[b"dora"])
        assert (made.count, made.subjects) == (4, 3)
        assert Vault(vault._folder).commitment("patients") == made
        shown = vault.open_subject("patients", b"anna")
        assert isinstance(shown, Presence)
        assert shown.rows == (b"visit 1", b"visit 2")
        dataset.verify_presence(made.root, shown)
        absent = vault.open_subject("patients", b"dora")
        assert isinstance(absent, Absence)
        dataset.verify_absence(made.root, absent)
        assert vault.datasets() == ["patients"]

    def test_a_version_adds_rows_and_leaves_the_one_before_as_it_was(self, vault: Vault) -> None:
        first = vault.add_dataset("patients", ROWS)
        second = vault.append_rows("patients", {b"anna": [b"visit 5"], b"dora": [b"visit 6"]})
        assert (second.count, second.subjects) == (6, 4)
        assert vault.commitment("patients", 1) == first
        assert vault.rows("patients", 1) == {name: tuple(rows) for name, rows in ROWS.items()}
        assert vault.rows("patients")[b"anna"] == (b"visit 1", b"visit 2", b"visit 5")
        dataset.verify_presence(first.root, vault.open_subject("patients", b"anna", 1))
        dataset.verify_presence(second.root, vault.open_subject("patients", b"dora"))

    def test_a_subject_that_left_is_shown_its_absence(self, vault: Vault) -> None:
        vault.add_dataset("patients", ROWS)
        made = vault.remove_subjects("patients", [b"bert"])
        dataset.verify_absence(made.root, vault.open_subject("patients", b"bert"))
        assert b"bert" not in vault.rows("patients")

    def test_erasure_leaves_nothing_of_the_subject_and_the_others_open(self, vault: Vault) -> None:
        first = vault.add_dataset("patients", ROWS)
        shown = vault.open_subject("patients", b"anna")
        path = vault._folder / "datasets" / "patients"
        with path.open("rb") as old:
            made = vault.erase_subject("patients", b"anna")
            assert set(old.read()) == {0}  # the blocks of the old file are overwritten
        kept = everything(vault)
        for secret in (shown.subject, shown.salt, shown.rows_salt, *shown.rows):
            assert secret not in kept
        assert (made.count, made.subjects) == (2, 2)
        with pytest.raises(VaultError, match="erased"):
            vault.open_subject("patients", b"anna")
        dataset.verify_presence(first.root, vault.open_subject("patients", b"bert", 1))
        dataset.verify_presence(made.root, vault.open_subject("patients", b"bert"))

    def test_what_is_not_there_is_said_without_naming_a_subject(self, vault: Vault) -> None:
        vault.add_dataset("patients", ROWS)
        for ask, text in (
            (lambda: vault.add_dataset("patients", ROWS), "already"),
            (lambda: vault.commitment("nothing"), "no datasets/nothing"),
            (lambda: vault.commitment("patients", 2), "no version 2"),
            (lambda: vault.open_subject("patients", b"zoe"), "no salt"),
            (lambda: vault.erase_subject("patients", b"zoe"), "unknown"),
            (lambda: vault.add_dataset("../escape", ROWS), "not a name"),
        ):
            with pytest.raises(VaultError, match=text) as raised:
                ask()
            assert "zoe" not in str(raised.value)


class TestRecordBatches:
    def test_any_record_opens_and_an_erased_one_never_again(self, vault: Vault) -> None:
        records = [b"reading %d" % number for number in range(3000)]
        made = vault.add_batch(iter(records))
        assert made.count == 3000
        for index in (0, 1023, 1024, 2999):
            opening = vault.open_record(made.root, index)
            assert opening.record == records[index]
            batch.verify(made.root, opening)
        salt = vault.open_record(made.root, 1500).salt
        vault.erase_record(made.root, 1500)
        vault.erase_record(made.root, 1500)
        vault.erase_record(made.root, 1499)
        kept = everything(vault)
        assert salt not in kept
        assert b"reading 1500" not in kept
        with pytest.raises(VaultError, match="1500 is erased"):
            vault.open_record(made.root, 1500)
        batch.verify(made.root, vault.open_record(made.root, 1501))

    def test_records_of_several_pieces_open(self, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("consortia.engines.commit.batch.PIECE_RECORDS", 2048)
        monkeypatch.setattr("consortia.workers.vault.PIECE_RECORDS", 2048)
        made = vault.add_batch(b"reading %d" % number for number in range(5000))
        for index in (2047, 2048, 4096, 4999):
            opening = vault.open_record(made.root, index)
            assert opening.record == b"reading %d" % index
            batch.verify(made.root, opening)

    def test_what_a_crash_left_is_cleared_away(self, vault: Vault) -> None:
        stale = vault._folder / "batches" / ".new-0"
        stale.mkdir(parents=True)
        (stale / "0").write_bytes(b"half a batch")
        vault.add_batch([b"reading"])
        assert not stale.exists()
        vault.add_dataset("patients", ROWS)
        beside = vault._folder / "datasets" / ".patients.new"
        beside.write_bytes(b"half a data set")
        vault.append_rows("patients", {b"anna": [b"visit 5"]})
        assert b"half" not in everything(vault)

    def test_places_and_batches_that_are_not_there_are_named(self, vault: Vault) -> None:
        made = vault.add_batch([b"reading"])
        for ask in (
            lambda: vault.open_record(made.root, 1),
            lambda: vault.erase_record(made.root, 1),
            lambda: vault.open_record(bytes(32), 0),
        ):
            with pytest.raises(VaultError, match="there is no"):
                ask()

    def test_a_damaged_file_is_found(self, vault: Vault) -> None:
        made = vault.add_batch([b"reading", b"other"])
        path = vault._folder / "batches" / made.root.hex() / "0"
        path.write_bytes(path.read_bytes().replace(b"other", b"wrong"))
        with pytest.raises(VaultError, match="do not lead to the root"):
            vault.open_record(made.root, 0)
        path.write_bytes(b"\xff")
        with pytest.raises(VaultError, match="damaged"):
            vault.open_record(made.root, 0)


class TestPredictions:
    def test_a_batch_is_read_back_opened_and_every_record_opens_alone(self, vault: Vault) -> None:
        made = vault.add_predictions(answers(5))
        data = vault.opened_batch(made.root)
        assert data is not None
        assert len(read_opened(data, made.root, made.count)) == 5
        one, opening = vault.open_prediction(made.root, 3)
        assert one.record.score == 3
        batch.verify(made.root, opening)
        with pytest.raises(VaultError, match="no record 5"):
            vault.open_prediction(made.root, 5)

    def test_an_erased_batch_is_gone(self, vault: Vault) -> None:
        made = vault.add_predictions(answers(2))
        vault.erase_predictions(made.root)
        assert vault.opened_batch(made.root) is None
        for ask in (vault.erase_predictions, lambda root: vault.open_prediction(root, 0)):
            with pytest.raises(VaultError, match="there is no"):
                ask(made.root)

    def test_records_under_another_root_are_not_opened(self, vault: Vault) -> None:
        made = vault.add_predictions(answers(2))
        (vault._folder / "predictions" / made.root.hex()).rename(vault._folder / "predictions" / ("00" * 32))
        with pytest.raises(VaultError, match="not those of their root"):
            vault.open_prediction(bytes(32), 0)


def test_the_vault_is_open_to_its_owner_alone(vault: Vault) -> None:
    vault.add_dataset("patients", ROWS)
    vault.add_batch([b"reading"])
    vault.add_predictions(answers(1))
    for path in (vault._folder, *vault._folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_reading_makes_nothing(vault: Vault) -> None:
    assert vault.opened_batch(bytes(32)) is None
    assert vault.datasets() == []
    assert not vault._folder.exists()
    assert repr(vault) == f"Vault({str(vault._folder)!r})"
