"""The plain law of batches and data sets: a few lines each, for tests and second implementations."""

from collections.abc import Mapping, Sequence

from consortia.base import merkle, setcommit
from consortia.base.codec import encode
from consortia.base.commitments import record_leaf, rows_value, subject_key
from consortia.base.hashing import tagged


def batch_root(salts: Sequence[bytes], records: Sequence[bytes]) -> bytes:
    """The root of a batch: RFC 6962 over the records' salted leaf hashes."""
    return merkle.root([record_leaf(salt, record) for salt, record in zip(salts, records, strict=True)])


def batch_path(salts: Sequence[bytes], records: Sequence[bytes], index: int) -> list[bytes]:
    """The inclusion path of one record of a batch."""
    leaves = [record_leaf(salt, record) for salt, record in zip(salts, records, strict=True)]
    return merkle.inclusion_path(leaves, index)


def set_root(subjects: Mapping[bytes, tuple[bytes, bytes, Sequence[bytes]]]) -> bytes:
    """The set hash of a data set, given as subject -> (subject's salt, salt of its rows, its rows)."""
    return setcommit.root(
        {
            subject_key(salt, subject): rows_value(rows_salt, encode(list(rows)))
            for subject, (salt, rows_salt, rows) in subjects.items()
        }
    )


def blob_id(data: bytes) -> bytes:
    """The address of a blob: its size and the RFC 6962 root over its 4 MiB chunks."""
    size = 4 << 20
    chunks = [tagged("consortia/chunk", data[at : at + size]) for at in range(0, len(data), size)]
    return tagged("consortia/blob", len(data).to_bytes(8, "big") + merkle.root(chunks))
