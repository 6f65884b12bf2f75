"""The vectors of the framing are those that the code gives, and most of them must fail."""

import json
from hashlib import sha256
from pathlib import Path

from consortia.testing import ordering

FILE = Path("tests/vectors/cometbft/entries.json")


def test_the_file_holds_what_a_fresh_run_gives(tmp_path):
    ordering.main(tmp_path)
    assert (tmp_path / "cometbft" / "entries.json").read_text() == FILE.read_text()


def test_more_than_half_of_the_entries_are_refused():
    entries = json.loads(FILE.read_text())["entries"]
    assert sum("refused" in entry for entry in entries) > len(entries) / 2


def test_names_follow_from_the_words_of_the_reference_alone():
    held = json.loads(FILE.read_text())
    for one in held["chains"]:
        content = bytes.fromhex(one["network"]) + one["start"].to_bytes(8, "big")
        assert sha256(b"\x0fconsortia/chain" + content).hexdigest()[:40] == one["chain_id"]
    for one in held["addresses"]:
        assert sha256(bytes.fromhex(one["key"])).hexdigest()[:40] == one["address"]
