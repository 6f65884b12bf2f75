"""A data set committed by subject, so that each subject can be shown its presence or its absence.

    key of a subject = H("consortia/subject", subject's salt | subject)
    value of its rows = H("consortia/rows", rows' salt | encoded rows)
    commitment        = the set hash (`base.setcommit`) over key -> value

Rows are bytes, encoded by whoever knows their schema. The subject's salt is shared with the subject
(a patient, a customer), which can then check for itself; the rows' salt opens one state of the
rows. A new version gives fresh salts and values to the changed subjects alone and hashes no other rows
again. A subject may be enrolled without rows: it has a salt, and its absence can be proved to it.
Where it is no secret whom or what rows are about, the subject's salt is `KNOWN_SALT`: then one version says
one thing of it, and whoever knows it can be shown that a version says nothing. Its rows stay salted.

What absence shows: no rows stand under the key that this salt and subject give. An owner that lied about
the salt, or filed the rows under another subject, is not found out by it; and neither proof shows what
a worker read.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from consortia.base import setcommit
from consortia.base.codec import U32, Digest, Record, Salt, encode
from consortia.base.commitments import KNOWN_SALT, SALT_BYTES, rows_value, subject_key
from consortia.base.setcommit import SetPath, SetPathError

SUBJECT_BYTES_MAX = 256
ROWS_MAX = 1 << 20
ROW_BYTES_MAX = 1 << 20

Row = Annotated[bytes, Meta(max_length=ROW_BYTES_MAX)]
Rows = Annotated[tuple[Row, ...], Meta(max_length=ROWS_MAX)]
SubjectName = Annotated[bytes, Meta(min_length=1, max_length=SUBJECT_BYTES_MAX)]
Random = Callable[[int], bytes]
"""Gives that many random bytes."""


class WrongProof(ValueError):
    """A proof that does not show what it should; the text says why."""


class Revision(Record, frozen=True):
    """How a subject stands from `version` on: the value of its rows `first` to `end`, or None when absent.

    `salt` opens the value; None once erased.
    """

    version: U32
    value: Digest | None
    salt: Salt | None
    first: U32
    end: U32


class Subject(Record, frozen=True):
    """What the owner keeps of one subject; once it is erased only hashes, `name` and `salt` being None."""

    key: Digest
    name: SubjectName | None
    salt: Salt | None
    rows: Rows
    revisions: tuple[Revision, ...]


class DataSet(Record, frozen=True):
    """The owner's whole private record of a data set: its newest version, and its subjects sorted by key."""

    version: U32
    subjects: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class Commitment:
    """What goes on the ledger: the set hash, the number of rows, and the number of subjects present."""

    root: bytes
    count: int
    subjects: int


class Presence(Record, frozen=True):
    """Shows a subject that exactly these rows stand for it."""

    subject: SubjectName
    salt: Salt
    rows_salt: Salt
    rows: Rows
    path: SetPath


class Absence(Record, frozen=True):
    """Shows a subject that no rows stand under its key."""

    subject: SubjectName
    salt: Salt
    path: SetPath


def create(
    rows: Mapping[bytes, Sequence[bytes]],
    enrolled: Iterable[bytes] = (),
    random: Random = os.urandom,
    *,
    known: bool = False,
) -> DataSet:
    """Version 1 of a data set, from rows by subject; `enrolled` subjects get a salt, and no rows.

    `known`: it is no secret whom or what rows are about, and the subjects get no salt of their own.
    """
    return append(DataSet(0, ()), {**dict.fromkeys(enrolled, ()), **rows}, random, known=known)


def append(
    data: DataSet, rows: Mapping[bytes, Sequence[bytes]], random: Random = os.urandom, *, known: bool = False
) -> DataSet:
    """The next version, with these rows added behind those of their subjects; new ones as in `create`.

    Raise ValueError for a known subject that was erased: nothing more is said of it.
    """
    version = data.version + 1
    subjects = {subject.key: subject for subject in data.subjects}
    keys = {subject.name: subject.key for subject in data.subjects if subject.name is not None}
    for name, more in rows.items():
        if not 0 < len(name) <= SUBJECT_BYTES_MAX:
            raise ValueError(f"a subject has 1 to {SUBJECT_BYTES_MAX} bytes")
        key = keys.get(name)
        subject = _enrol(name, KNOWN_SALT if known else random(SALT_BYTES)) if key is None else subjects[key]
        if key is None and subject.key in subjects:
            raise ValueError("a subject that was erased is not told of again")
        subjects[subject.key] = _revise(subject, version, more, random)
    return DataSet(version, tuple(subjects[key] for key in sorted(subjects)))


def remove(data: DataSet, names: Iterable[bytes]) -> DataSet:
    """The next version, without these subjects; they keep their salts, so their absence can be proved."""
    version = data.version + 1
    return _changed(data, names, lambda subject: _absent(subject, version))


def erase(data: DataSet, names: Iterable[bytes]) -> DataSet:
    """The next version, without these subjects, their rows and all their salts destroyed.

    Hashes stay, so that other subjects can still be opened in earlier versions; without the salts they say
    nothing. The caller must also destroy every copy of `data`.
    """
    version = data.version + 1

    def erased(subject: Subject) -> Subject:
        gone = _absent(subject, version)
        revisions = tuple(replace(revision, salt=None) for revision in gone.revisions)
        return Subject(subject.key, None, None, (), revisions)

    return _changed(data, names, erased)


def commitment(data: DataSet, version: int | None = None) -> Commitment:
    """What stands on the ledger for a version (the newest unless given)."""
    revisions = [_at(subject, _number(data, version)) for subject in data.subjects]
    present = [revision for revision in revisions if revision is not None]
    root = setcommit.root(entries(data, version))
    return Commitment(root, sum(revision.end - revision.first for revision in present), len(present))


def entries(data: DataSet, version: int | None = None) -> dict[bytes, bytes]:
    """The key -> value entries of a version (the newest unless given)."""
    found: dict[bytes, bytes] = {}
    for subject in data.subjects:
        revision = _at(subject, _number(data, version))
        if revision is not None and revision.value is not None:
            found[subject.key] = revision.value
    return found


def rows(data: DataSet, version: int | None = None) -> dict[bytes, tuple[bytes, ...]]:
    """The rows of a version (the newest unless given) by subject, as far as they are not erased."""
    number = _number(data, version)
    found: dict[bytes, tuple[bytes, ...]] = {}
    for subject in data.subjects:
        revision = _at(subject, number)
        if subject.name is not None and revision is not None:
            found[subject.name] = subject.rows[revision.first : revision.end]
    return found


def prove(data: DataSet, name: bytes, version: int | None = None) -> Presence | Absence:
    """The proof for a subject that the owner knows: of its rows in a version, or of its absence there.

    Raise KeyError for a subject without a salt: never enrolled, or erased.
    """
    number = _number(data, version)
    subject = next((one for one in data.subjects if one.name == name), None)
    if subject is None or subject.name is None or subject.salt is None:
        raise KeyError("the subject has no salt here: it was never enrolled, or it was erased")
    path = setcommit.path(entries(data, number), subject.key)
    revision = _at(subject, number)
    if revision is None or revision.salt is None:
        return Absence(subject.name, subject.salt, path)
    return Presence(
        subject.name, subject.salt, revision.salt, subject.rows[revision.first : revision.end], path
    )


def verify_presence(root: bytes, proof: Presence) -> None:
    """Check that exactly the proof's rows stand for its subject under `root`; raises WrongProof.

    1. The subject's key is computed from its salt, and the value of its rows from theirs.
    2. The path shows that entry in the set.
    """
    key = subject_key(proof.salt, proof.subject)  # 1
    value = rows_value(proof.rows_salt, encode(list(proof.rows)))
    try:
        setcommit.verify_presence(root, key, value, proof.path)  # 2
    except SetPathError as error:
        raise WrongProof(str(error)) from None


def verify_absence(root: bytes, proof: Absence) -> None:
    """Check that nothing stands for the proof's subject, under its salt, under `root`; raises WrongProof.

    1. The subject's key is computed from its salt.
    2. The path shows the place of that key in the set, and that it is not there.
    """
    key = subject_key(proof.salt, proof.subject)  # 1
    try:
        setcommit.verify_absence(root, key, proof.path)  # 2
    except SetPathError as error:
        raise WrongProof(str(error)) from None


def _enrol(name: bytes, salt: bytes) -> Subject:
    return Subject(subject_key(salt, name), name, salt, (), ())


def _revise(subject: Subject, version: int, more: Sequence[bytes], random: Random) -> Subject:
    """The subject with further rows from `version` on; what it had before a removal does not come back."""
    if not more:
        return subject
    last = subject.revisions[-1] if subject.revisions else None
    first = len(subject.rows) if last is None or last.value is None else last.first
    rows = (*subject.rows, *more)
    salt = random(SALT_BYTES)
    value = rows_value(salt, encode(list(rows[first:])))
    revision = Revision(version, value, salt, first, len(rows))
    return replace(subject, rows=rows, revisions=(*subject.revisions, revision))


def _absent(subject: Subject, version: int) -> Subject:
    end = len(subject.rows)
    return replace(subject, revisions=(*subject.revisions, Revision(version, None, None, end, end)))


def _changed(data: DataSet, names: Iterable[bytes], change: Callable[[Subject], Subject]) -> DataSet:
    """The next version with `change` made to the named subjects. Raise KeyError for an unknown one."""
    wanted = set(names)
    unknown = wanted - {subject.name for subject in data.subjects}
    if unknown:
        raise KeyError(f"{len(unknown)} of the subjects are unknown")
    subjects = tuple(change(one) if one.name in wanted else one for one in data.subjects)
    return DataSet(data.version + 1, subjects)


def _at(subject: Subject, version: int) -> Revision | None:
    """How a subject stands in a version; None when it is absent."""
    last = None
    for revision in subject.revisions:
        if revision.version > version:
            break
        last = revision
    return None if last is None or last.value is None else last


def _number(data: DataSet, version: int | None) -> int:
    number = data.version if version is None else version
    if not 1 <= number <= data.version:
        raise KeyError(f"there is no version {number} among {data.version}")
    return number
