"""Vectors of the wire: what every implementation must read alike, and what it must refuse.

    python -m consortia.testing.wire tests/vectors

writes `bytes/*.json` (codec, envelope, note, hashes) and `proofs/*.proof` with `proofs/index.json`. More
than half must fail. A test holds the files to a fresh run.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from consortia.base.codec import encode, encode_record
from consortia.base.envelope import seal
from consortia.base.hashing import tagged
from consortia.base.ids import cosigner_name, origin
from consortia.base.keys import SigningKey
from consortia.base.merkle import leaf_hash
from consortia.base.merkle import root as log_root
from consortia.base.note import Checkpoint, Note, NoteSignature, cosign, sign_log
from consortia.base.setcommit import root as set_root
from consortia.engines.commit.batch import Batch
from consortia.engines.commit.chunks import blob_id
from consortia.engines.commit.dataset import commitment
from consortia.engines.commit.prediction import PredictionRecord, input_digest, policy_hash
from consortia.kernel.proof import Proof, StateClaim
from consortia.kernel.prove import Openings, prove_receipt, prove_state
from consortia.kernel.transaction import external_aad
from consortia.modules.assets.messages import Register
from consortia.modules.assets.state import VERSIONS
from consortia.modules.identity.messages import SetEndpoint
from consortia.modules.predictions.messages import RecordBatch
from consortia.modules.predictions.state import BATCHES
from consortia.testing.machine import Bench, key_from
from consortia.testing.witnessed import Witnessed, batch_of, dataset_of, opened_record, opened_subject

Case = dict[str, Any]
HERE = SetEndpoint("http://127.0.0.1:7001", None)
VALUES: tuple[object, ...] = (
    *(0, 23, 24, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32, (1 << 64) - 1, -1, -24, -25, -(1 << 63)),
    *(b"", b"\x00" * 24, "", "a", "\u00fc\u6c34", [], [1, [2, b"3"]], {}, {"b": 1, "a": None, "aa": True}),
    *(True, False, None),
)
WRONG = (
    *(
        "",
        "1817",
        "1900ff",
        "1a0000ffff",
        "1b00000000ffffffff",
        "1c",
        "1f",
        "3b8000000000000000",
        "5817",
        "41",
    ),
    *(
        "61ff",
        "61",
        "62c328",
        "63eda080",
        "81",
        "9f01ff",
        "5f4100ff",
        "7f6161ff",
        "bf616101ff",
        "a1",
        "a10101",
    ),
    *("a2616101616102", "a2616201616101", "a262616101616201", "a1616101ff", "c000", "d82a40", "f7", "f0"),
    *("f90000", "fa00000000", "fb0000000000000000", "ff", "f818", "0000", "81" * 17 + "00", "a16161"),
    *("9bffffffffffffffff", "bbffffffffffffffff", "5bffffffffffffffff"),
)


def told(value: object) -> object:
    """A value in JSON: bytes as {"bytes": hex}, maps as {"map": ...}."""
    match value:
        case bytes():
            return {"bytes": value.hex()}
        case list():
            return [told(each) for each in value]
        case dict():
            return {"map": {name: told(each) for name, each in value.items()}}
    return value


def codec() -> list[Case]:
    """Encodings with their values, and bytes that encode nothing."""
    good: list[Case] = [{"bytes": encode(value).hex(), "ok": True, "value": told(value)} for value in VALUES]
    return good + [{"bytes": text, "ok": False} for text in WRONG]


def envelopes() -> list[Case]:
    """Envelopes under a network of zeros, and bytes of other shapes; `signed` says if the signature holds."""
    key, network = key_from("vector"), bytes(32)
    good = [seal(bytes(size), key, external_aad(network)) for size in (0, 23, 24, 256, 65_000)]
    base = good[2]
    broken = {
        "tagged": b"\xd2" + base,
        "cut": base[:-1],
        "longer": base + b"\x00",
        "five parts": b"\x85" + base[1:],
        "other algorithm": base.replace(bytes.fromhex("0127"), bytes.fromhex("0126"), 1),
        "short kid": base.replace(bytes.fromhex("045820"), bytes.fromhex("04581f"), 1),
        "unprotected header": base.replace(b"\xa0", b"\xa1", 1),
        "long head of the payload": base.replace(bytes.fromhex("a05818"), bytes.fromhex("a0590018"), 1),
        "empty": b"",
    }
    cases = [_envelope(f"payload of {len(data)} bytes", data, key, ok=True) for data in good]
    cases.append({**_envelope("another signature", base[:-64] + bytes(64), key, ok=True), "signed": False})
    return cases + [{"name": name, "bytes": data.hex(), "ok": False} for name, data in broken.items()]


def _envelope(name: str, data: bytes, key: SigningKey, *, ok: bool) -> Case:
    return {"name": name, "bytes": data.hex(), "ok": ok, "public": key.public.hex(), "signed": True}


def notes() -> list[Case]:
    """A checkpoint with four signature lines, and its other spellings."""
    point = Checkpoint(origin(bytes(32)), 7, tagged("consortia/testing", b"root"))
    lines = [sign_log(point, key_from("north"))]
    names = ("north", "east", "south")
    lines += [cosign(point, cosigner_name(name, bytes(32)), key_from(name), 1_767_225_600) for name in names]
    good = Note(point, ()).with_signatures(lines).encode()
    rows = good.decode().split("\n")
    broken = {
        "no last newline": good[:-1],
        "one more newline": good + b"\n",
        "carriage returns": good.replace(b"\n", b"\r\n"),
        "space at the end": good.replace(b"\n7\n", b"\n7 \n"),
        "leading zero": good.replace(b"\n7\n", b"\n07\n"),
        "nought and more": good.replace(b"\n7\n", b"\n0x\n"),
        "sign": good.replace(b"\n7\n", b"\n+7\n"),
        "hyphen": good.replace("\u2014".encode(), b"-", 1),
        "lines in another order": "\n".join([*rows[:4], *reversed(rows[4:-1]), ""]).encode(),
        "line twice": "\n".join([*rows[:5], *rows[4:]]).encode(),
        "extra line": good.replace(b"\n\n", b"\nmore\n\n", 1),
        "no padding": good.replace(b"=\n\n", b"\n\n", 1),
        "no empty line": good.replace(b"\n\n", b"\n", 1),
        "empty": b"",
    }
    cases: list[Case] = [{"name": "four lines", "text": good.decode(), "ok": True}]
    cases.append({"name": "no signature", "text": Note(point, ()).encode().decode(), "ok": True})
    return cases + [{"name": name, "text": data.decode(), "ok": False} for name, data in broken.items()]


def hashes() -> list[Case]:
    """Hashes of each kind over small inputs."""
    found: list[Case] = [
        {"kind": "tagged", "tag": tag, "data": data.hex(), "hash": tagged(tag, data).hex()}
        for tag, data in (("consortia/genesis", b""), ("consortia/record", bytes(33)))
    ]
    for size in (0, 1, 2, 3, 8, 13):
        leaves = [f"leaf {at}".encode() for at in range(size)]
        root = log_root([leaf_hash(leaf) for leaf in leaves])
        found.append({"kind": "log", "leaves": [leaf.hex() for leaf in leaves], "hash": root.hex()})
    for size in (0, 1, 16, 17, 40):
        keys = [tagged("consortia/testing", bytes([at])) for at in range(size)]
        entries = {key: tagged("consortia/testing", key) for key in keys}
        pairs = {key.hex(): value.hex() for key, value in entries.items()}
        found.append({"kind": "set", "entries": pairs, "hash": set_root(entries).hex()})
    sizes = (0, 1, 1 << 22, (1 << 22) + 1)
    return found + [{"kind": "blob of zeros", "size": n, "hash": blob_id(bytes(n)).hex()} for n in sizes]


def proofs() -> tuple[str, dict[str, tuple[bytes, int | None]]]:
    """The network id, and by name each proof file with the number of the step that fails, or None."""
    bench = Bench(4)
    bench.ok("north", "admin", HERE)
    bench.admit_member("harbour")
    bench.admit_member("valley")
    data = dataset_of("rows", 40, (b"stranger",))
    said = commitment(data)
    message = Register("rows", "dataset", "Rows", "set", said.root, said.count, said.subjects, None, (), None)
    asset = bench.ok("north", "operator", message).events[0].body["asset"]
    if not isinstance(asset, bytes):
        raise TypeError("an id is bytes")
    ledger, key = Witnessed.of(bench).ledger, VERSIONS.state_key(asset, 1)
    made = {
        "receipt": prove_receipt(ledger, ledger.transaction_at(1), since=3),
        "other-receipt": prove_receipt(ledger, ledger.transaction_at(3)),
        "present": prove_state(ledger, key),
        "absent": prove_state(ledger, VERSIONS.state_key(asset, 2)),
        "subject": prove_state(ledger, key, openings=Openings(subject=opened_subject(data, b"patient-3"))),
        "stranger": prove_state(ledger, key, openings=Openings(subject=opened_subject(data, b"stranger"))),
    }
    found: dict[str, tuple[bytes, int | None]] = {name: (one.encode(), None) for name, one in made.items()}
    foreign = Bench(("forest", "meadow", "desert"))
    foreign.ok("forest", "admin", HERE)
    away = Witnessed.of(foreign).ledger
    found["another-network"] = prove_receipt(away, away.transaction_at(1)).encode(), 2
    found |= _rechained(made["receipt"])
    found |= _unsigned(made["receipt"], bench)
    found |= _misplaced(made["receipt"], made["other-receipt"])
    found |= _misstated(made["present"], made["absent"], made["subject"])
    found |= _predictions()
    return bench.network.hex(), found | _respelled(made["receipt"].encode())


def _rechained(proof: Proof) -> dict[str, tuple[bytes, int | None]]:
    first, second = proof.extra.changes
    fewer = replace(first.members, members=first.members.members[1:])
    return {
        "change-missing": (_extra(proof, changes=(second,)), 3),
        "change-under-the-wrong-set": (_extra(proof, changes=(second, first)), 3),
        "set-of-another-hash": (_extra(proof, changes=(replace(first, members=fewer), second)), 3),
    }


def _misplaced(proof: Proof, other: Proof) -> dict[str, tuple[bytes, int | None]]:
    extra, index, path, note = proof.extra, proof.index, proof.path, proof.note
    since = None if extra.since is None else replace(extra.since, root=bytes(32))
    return {
        "header-elsewhere": (Proof(extra, index + 1, path, note).encode(), 5),
        "header-path-cut": (Proof(extra, index, path[1:], note).encode(), 5),
        "receipt-of-another-block": (_extra(proof, receipt=other.extra.receipt), 6),
        "other-past": (_extra(proof, since=since), 8),
    }


def _misstated(present: Proof, absent: Proof, subject: Proof) -> dict[str, tuple[bytes, int | None]]:
    claim, opened = present.extra.state, subject.extra.subject
    if claim is None or opened is None:
        raise TypeError("these proofs claim and open")
    hidden = replace(opened, rows=None, rows_salt=None)
    return {
        "wrong-value": (_extra(present, state=StateClaim(claim.key, b"\xa0", claim.path)), 6),
        "absence-of-what-is-there": (_extra(present, state=StateClaim(claim.key, None, claim.path)), 6),
        "wrong-rows": (_extra(subject, subject=replace(opened, rows=b"\x80")), 7),
        "subject-hidden": (_extra(subject, subject=hidden), 7),
        "opening-of-nothing": (_extra(absent, subject=opened), 7),
    }


def _predictions() -> dict[str, tuple[bytes, int | None]]:
    """One prediction record of a batch of 21, one of a batch of its own, and what is no such record.

    They stand in another history of the same network, so that the other files do not change with them.
    """
    bench = Bench(4)
    bench.admit_member("harbour")
    model = Register(
        "net", "model", "Net", "blob", tagged("consortia/testing", b"net"), 1, None, None, (), None
    )
    net = bench.ok("north", "operator", model).events[0].body["asset"]
    if not isinstance(net, bytes):
        raise TypeError("an id is bytes")
    many, one = [_record(at) for at in range(21)], [_record(99)]
    batches = {"many": batch_of(many, "many"), "one": batch_of(one, "one")}
    places = {name: _recorded(bench, net, batch) for name, batch in batches.items()}
    ledger = Witnessed.of(bench).ledger
    opening = opened_record(batches["many"], many, 3)
    proof = prove_state(ledger, places["many"], openings=Openings(record=opening))
    alone = prove_state(
        ledger, places["one"], openings=Openings(record=opened_record(batches["one"], one, 0))
    )
    claim, next_one = proof.extra.state, opened_record(batches["many"], many, 4)
    if claim is None:
        raise TypeError("this proof claims")
    wrong = {
        "prediction-with-another-answer": replace(opening, record=_record(3, label="no")),
        "prediction-of-its-neighbour": replace(opening, record=next_one.record, salt=next_one.salt),
        "prediction-under-another-salt": replace(opening, salt=next_one.salt),
        "prediction-at-another-index": replace(opening, index=4),
        "prediction-of-a-larger-batch": replace(opening, count=opening.count + 1),
        "prediction-path-cut": replace(opening, path=opening.path[1:]),
    }
    found: dict[str, tuple[bytes, int | None]] = {
        "prediction": (proof.encode(), None),
        "prediction-alone-in-its-batch": (alone.encode(), None),
        "prediction-of-another-batch": (_extra(alone, record=opening), 7),
        "prediction-of-no-batch": (_extra(proof, state=StateClaim(claim.key, None, claim.path)), 6),
    }
    return found | {name: (_extra(proof, record=changed), 7) for name, changed in wrong.items()}


def _record(at: int, label: str = "yes") -> bytes:
    """A prediction record as it stands in a batch."""
    record = PredictionRecord(
        model=tagged("consortia/testing", b"net"),
        input=input_digest(bytes([at]) * 32, f"patient {at}".encode()),
        score=at << 20,
        probability_ppm=500_000 + at,
        label=label,
        policy=policy_hash("The second class from 500,000 ppm on."),
        time=1_767_225_600_000 + at,
        subject=None,
    )
    return encode_record(record)


def _recorded(bench: Bench, model: bytes, batch: Batch) -> bytes:
    """Record a batch of a model's answers; gives the state key of its entry."""
    content, policy = (
        tagged("consortia/testing", b"net"),
        policy_hash("The second class from 500,000 ppm on."),
    )
    message = RecordBatch(model, content, "diagnosis", policy, batch.root, batch.count, None)
    made = bench.ok("north", "operator", message).events[0].body["batch"]
    if not isinstance(made, bytes):
        raise TypeError("an id is bytes")
    return BATCHES.state_key(made)


def _unsigned(proof: Proof, bench: Bench) -> dict[str, tuple[bytes, int | None]]:
    point, lines = proof.note.checkpoint, proof.note.signatures
    log = tuple(line for line in lines if line.name == point.origin)
    names = tuple(line for line in lines if line.name != point.origin)
    stranger = cosign(point, cosigner_name("island", bench.network), key_from("stranger"), 1)
    return {
        "too-few-cosignatures": (_signed(proof, (*log, *names[:4])), 4),
        "no-log-signature": (_signed(proof, names), 4),
        "cosigned-from-outside-the-set": (_signed(proof, (*lines, stranger)), 4),
        "changes-left-out": (_extra(proof, changes=()), 4),
    }


def _respelled(data: bytes) -> dict[str, tuple[bytes, int | None]]:
    lines = data.split(b"\n")
    others = {
        "no-last-newline": data[:-1],
        "newline-added": data + b"\n",
        "space-before": b" " + data,
        "carriage-returns": data.replace(b"\n", b"\r\n"),
        "index-with-a-zero": data.replace(b"index ", b"index 0", 1),
        "signatures-unsorted": b"\n".join([*lines[:-3], lines[-2], lines[-3], b""]),
        "signature-twice": b"\n".join([*lines[:-1], lines[-2], b""]),
        "path-lines-swapped-with-extra": b"\n".join([lines[0], lines[2], lines[1], *lines[3:]]),
        "padding-left-out": data.replace(b"=\n\n", b"\n\n", 1),
    }
    return {name: (other, 1) for name, other in others.items()}


def _extra(proof: Proof, **fields: object) -> bytes:
    return Proof(replace(proof.extra, **fields), proof.index, proof.path, proof.note).encode()


def _signed(proof: Proof, lines: tuple[NoteSignature, ...]) -> bytes:
    note = Note(proof.note.checkpoint, tuple(sorted(lines)))
    return Proof(proof.extra, proof.index, proof.path, note).encode()


def files() -> dict[str, bytes]:
    """Every file of the vectors, by its path below the folder of vectors."""
    makers: dict[str, Callable[[], list[Case]]] = {
        "codec": codec,
        "envelope": envelopes,
        "note": notes,
        "hashes": hashes,
    }
    found = {f"bytes/{name}.json": as_json({"format": 1, "vectors": make()}) for name, make in makers.items()}
    network, made = proofs()
    index = [
        {"file": f"{name}.proof", "ok": step is None, "failed": step} for name, (_, step) in made.items()
    ]
    found["proofs/index.json"] = as_json({"format": 1, "network": network, "vectors": index})
    return found | {f"proofs/{name}.proof": data for name, (data, _) in made.items()}


def as_json(value: object) -> bytes:
    """The bytes of a file of vectors."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def save(made: Mapping[str, bytes], folder: str) -> None:
    """Write files, by their paths below a folder."""
    for name, data in made.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    save(files(), sys.argv[1])
