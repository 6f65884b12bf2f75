"""Salted commitments to private records.

A plain hash of a private record can be reversed by trying every likely record. So each record is
hashed with its own independent random 32-byte salt, which stays with the owner, is handed
out with the record it opens, and is destroyed with it on erasure.
"""

from consortia.base.hashing import tagged

SALT_BYTES = 32
KNOWN_SALT = bytes(SALT_BYTES)
"""In the place of a subject's salt where whom or what rows are about is no secret: one subject, one key."""
RECORD_TAG = "consortia/record"
SUBJECT_TAG = "consortia/subject"
ROWS_TAG = "consortia/rows"


def _salted(tag: str, salt: bytes, data: bytes) -> bytes:
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return tagged(tag, salt + data)


def record_leaf(salt: bytes, record: bytes) -> bytes:
    """The leaf hash of one record of a batch, H("consortia/record", salt | record).

    It stands directly as a leaf hash of the batch's RFC 6962 tree: its first hashed byte, the
    length of the tag, differs from the prefixes of that tree's leaves and nodes.
    """
    return _salted(RECORD_TAG, salt, record)


def subject_key(salt: bytes, subject: bytes) -> bytes:
    """The key of a subject (a patient) in a data set's set hash, H("consortia/subject", salt | subject)."""
    return _salted(SUBJECT_TAG, salt, subject)


def rows_value(salt: bytes, rows: bytes) -> bytes:
    """The value of a subject's rows in a data set's set hash, H("consortia/rows", salt | rows)."""
    return _salted(ROWS_TAG, salt, rows)
