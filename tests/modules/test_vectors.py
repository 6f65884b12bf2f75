"""The vectors hold for whoever reads only `docs/reference/vectors.md`: a run from the files alone."""

import json
from pathlib import Path

import pytest

from consortia.app import application
from consortia.base.codec import decode_record, encode_record
from consortia.base.ids import network_id
from consortia.base.setcommit import root
from consortia.kernel.block import Block, Header
from consortia.kernel.genesis import Genesis
from consortia.kernel.machine import Machine, Tip
from consortia.kernel.store import MemoryReader
from consortia.kernel.tree import hashed

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = sorted(path for path in VECTORS.glob("*.json") if not path.name.endswith(".costs.json"))


def state_root(entries):
    return root({key: value for key, value in hashed(entries).items() if value is not None})


def told(base, differences):
    merged = {**base, **differences}
    return {bytes.fromhex(k): bytes.fromhex(v) for k, v in merged.items() if v is not None}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_vector_of_the_file_runs_as_the_page_says(path):
    file = json.loads(path.read_text(encoding="utf-8"))
    for vector in file["vectors"]:
        raw = bytes.fromhex(file["genesis"][vector["network"]])
        network = network_id(raw)
        assert network.hex() == vector["network"]
        before = told(file["states"][vector["network"]], vector["before"])
        assert state_root(before).hex() == vector["before_root"]
        at = vector["tip"]
        tip = Tip(at["height"], at["time"], at["size"], bytes.fromhex(vector["before_root"]), b"")
        raws = tuple(bytes.fromhex(one) for one in vector["transactions"])
        block = Block(vector["block"]["height"], vector["block"]["time"], raws)
        machine = Machine(application(), decode_record(Genesis, raw), network)
        after = {}

        def lead_to(changes, before=before, after=after):
            after.update({k: v for k, v in {**before, **changes}.items() if v is not None})
            return state_root(after)

        result = machine.execute(MemoryReader(before), tip, block, lead_to)
        assert [encode_record(one).hex() for one in result.receipts] == vector["receipts"]
        assert result.receipts[-1].code == vector["code"]
        assert told({}, vector["changes"]) == {k: v for k, v in after.items() if before.get(k) != v}
        assert {k for k, v in vector["changes"].items() if v is None} == {
            k.hex() for k in before if k not in after
        }
        assert encode_record(result.header).hex() == vector["header"]
        assert decode_record(Header, bytes.fromhex(vector["header"])).state == state_root(after)
