"""Coverage-guided fuzzing of what reads foreign bytes, by atheris (libFuzzer).

`python -m tests.fuzz.guided TARGET FOLDER [options of libFuzzer]` begins with the files in FOLDER and follows
whatever reaches a branch that was not reached before. An input that breaks a promise ends it with an error,
and is printed in base64.
"""

import sys

import atheris

with atheris.instrument_imports(include=["consortia.base", "consortia.kernel"]):
    from consortia.app import application
    from consortia.base.codec import Malformed, decode, encode
    from consortia.base.envelope import open_envelope
    from consortia.base.note import parse_note
    from consortia.kernel.block import parse_leaf
    from consortia.kernel.proof import parse_proof
    from consortia.kernel.transaction import parse_transaction
    from consortia.kernel.verify import verify_proof

from consortia.testing.wire import envelopes, notes, proofs

APP = application()
NETWORK, PROOFS = proofs()


def codec(data: bytes) -> None:
    """A value has one spelling."""
    try:
        value = decode(data)
    except Malformed:
        return
    if encode(value) != data:
        raise ValueError("a second spelling was read")


def envelope(data: bytes) -> None:
    """Envelopes, transactions and leaves are refused as malformed, or read."""
    for read in (lambda raw: open_envelope(raw, size_max=1 << 16), parse_leaf):
        try:
            read(data)
        except Malformed:
            continue
    try:
        parse_transaction(data, bytes(32))
    except Malformed:
        return


def note(data: bytes) -> None:
    """A note has one spelling."""
    try:
        read = parse_note(data)
    except Malformed:
        return
    if read.encode() != data:
        raise ValueError("a second spelling was read")


def proof(data: bytes) -> None:
    """A proof has one spelling, and what was not proved is not shown, but for the absence of another key."""
    verdict = verify_proof(APP, data, bytes.fromhex(NETWORK))
    if not verdict.ok:
        return
    extra = parse_proof(data).extra
    absent = (extra.state and extra.state.value is None) or (extra.subject and extra.subject.rows is None)
    if data not in {known for known, _ in PROOFS.values()} and not absent:
        raise ValueError("a changed proof holds")


TARGETS = {"codec": codec, "envelope": envelope, "note": note, "proof": proof}


def seeds(target: str) -> list[bytes]:
    """Valid inputs to begin with."""
    if target == "proof":
        return [data for data, _ in PROOFS.values()]
    if target == "note":
        return [case["text"].encode() for case in notes()]
    return [bytes.fromhex(case["bytes"]) for case in envelopes()]


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
