"""Checkpoint notes have one spelling, and their signatures bind name, key and content."""

from base64 import b64encode

import pytest

from consortia.base.codec import Malformed
from consortia.base.ids import cosigner_name, is_name, network_id, origin
from consortia.base.keys import SigningKey
from consortia.base.note import (
    Checkpoint,
    Note,
    NoteSignature,
    cosign,
    is_cosignature,
    is_log_signature,
    key_hash,
    parse_note,
    sign_log,
)

NETWORK = bytes(range(32))
POINT = Checkpoint(origin(NETWORK), 12, b"\x05" * 32)
LOG, WITNESS = SigningKey(b"l" * 32), SigningKey(b"w" * 32)
NAME = cosigner_name("north", NETWORK)


def a_note() -> Note:
    signatures = [sign_log(POINT, LOG), cosign(POINT, NAME, WITNESS, 1_700_000_000)]
    return Note(POINT, ()).with_signatures(signatures)


def test_a_note_is_read_as_it_was_written() -> None:
    note = a_note()
    assert parse_note(note.encode()) == note
    assert note.encode().startswith(POINT.body() + b"\n" + "\u2014 ".encode())


def test_the_c2sp_example_body() -> None:
    point = Checkpoint("example.com/behind-the-sofa", 20852163, b"\x00" * 32)
    assert point.body() == b"example.com/behind-the-sofa\n20852163\n" + b64encode(b"\x00" * 32) + b"\n"


def test_signatures_bind_the_checkpoint_the_name_and_the_key() -> None:
    log, cosigned = sign_log(POINT, LOG), cosign(POINT, NAME, WITNESS, 5)
    assert is_log_signature(log, POINT, LOG.public)
    assert is_cosignature(cosigned, POINT, NAME, WITNESS.public)
    other = Checkpoint(POINT.origin, 13, POINT.root)
    assert not is_log_signature(log, other, LOG.public)
    assert not is_log_signature(log, POINT, WITNESS.public)
    assert not is_cosignature(cosigned, other, NAME, WITNESS.public)
    assert not is_cosignature(cosigned, POINT, "x", WITNESS.public)
    assert not is_cosignature(cosigned, POINT, NAME, LOG.public)
    later = NoteSignature(cosigned.key_hash, NAME, (6).to_bytes(8, "big") + cosigned.signature[8:])
    assert not is_cosignature(later, POINT, NAME, WITNESS.public)
    short = NoteSignature(cosigned.key_hash, NAME, cosigned.signature[8:])
    assert not is_cosignature(short, POINT, NAME, WITNESS.public)


def test_signature_lines_are_merged_sorted_and_kept_once() -> None:
    note = a_note()
    again = note.with_signatures([cosign(POINT, NAME, WITNESS, 9)])
    assert again == note
    hashes = [signature.key_hash for signature in note.signatures]
    assert hashes == sorted(hashes)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b"\n",
        lambda data: data[:-1],
        lambda data: data.replace(b"\n12\n", b"\n012\n"),
        lambda data: data.replace(b"\n12\n", b"\n-1\n"),
        lambda data: data.replace(b"\n12\n", b"\n0+\n"),
        lambda data: data.replace(b"\n12\n", b"\n" + b"1" * 5_000 + b"\n"),
        lambda data: data.replace(b"\n\n", b"\nextension\n\n"),
        lambda data: data.replace(b"\n\n", b"\n"),
        lambda data: data.replace("\u2014 ".encode(), b"- "),
        lambda data: data.replace("\u2014 ".encode(), "\u2014  ".encode()),
        lambda data: data.replace(b"=\n\n", b"\n\n"),
        lambda data: b"\xff" + data,
        lambda data: data + data.splitlines(keepends=True)[-1],
        lambda data: data + b"\xe2\x80\x94 x AAAA\n",
        lambda data: data + b"x" * (1 << 16),
        lambda data: (
            b"\n".join([*data.split(b"\n")[:4], *sorted(data.split(b"\n")[4:6], reverse=True), b""])
            if data.split(b"\n")[4:6] == sorted(data.split(b"\n")[4:6])
            else b"\n".join([*data.split(b"\n")[:4], *sorted(data.split(b"\n")[4:6]), b""])
        ),
    ],
)
def test_every_other_spelling_is_refused(change: object) -> None:
    data = a_note().encode()
    changed = change(data)  # type: ignore[operator]
    if changed == data:
        pytest.skip("the change does nothing here")
    with pytest.raises(Malformed):
        parse_note(changed)


def test_base64_has_one_spelling() -> None:
    data = a_note().encode().decode()
    line = data.splitlines()[2]
    spare = chr(ord(line[-2]) + 1) if line[-2] in "AEIMQUYcgkosw048" else "B"
    with pytest.raises(Malformed):
        parse_note(data.replace(line, line[:-2] + spare + "=").encode())


def test_names_and_ids() -> None:
    assert is_name("north-clinic-2")
    for wrong in ("", "-a", "A", "a b", "a" * 33, "a\n"):
        assert not is_name(wrong)
    assert origin(NETWORK) == "consortia/" + NETWORK.hex()
    assert cosigner_name("north", NETWORK) == "north.consortia/" + NETWORK.hex()[:16]
    assert len(network_id(b"genesis")) == 32
    assert len(key_hash(NAME, 4, WITNESS.public)) == 4
