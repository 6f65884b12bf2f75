"""The browser's own check of a proof and the node's agree on every vector, step by step."""

import json
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest

from consortia.base.codec import encode
from tests.loud import loudly

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
VECTORS = ROOT / "tests" / "vectors" / "proofs"
STATIC = ROOT / "src" / "consortia" / "node" / "console" / "static"


def values(chance: Random, depth: int = 0):
    """A value of every kind that the encoding has, the limits of integers among them."""
    kind = chance.randrange(8 if depth < 3 else 6)
    if kind < 2:
        edge = 1 << chance.choice((0, 4, 5, 8, 16, 32, 53, 62, 63, 64))
        number = max(0, edge + chance.choice((-1, 0, 1)))
        return min(number, (1 << 64) - 1) if kind else max(-1 - number, -(1 << 63))
    if kind == 2:
        return chance.randbytes(chance.choice((0, 1, 23, 24, 255, 256)))
    if kind == 3:
        return "".join(chr(chance.choice((97, 0xE9, 0x20AC, 0x1F600))) for _ in range(chance.randrange(30)))
    if kind < 6:
        return chance.choice((True, False, None))
    if kind == 6:
        return [values(chance, depth + 1) for _ in range(chance.randrange(6))]
    return {
        f"{'x' * chance.randrange(30)}{n}": values(chance, depth + 1) for n in range(chance.randrange(26))
    }


def test_the_script_encodes_as_the_ledger_does():
    program = shutil.which("node")
    if program is None:
        loudly("no node on the PATH: the console's encoding was not held against the ledger's")
        pytest.skip("it needs a JavaScript engine")
    chance = Random(7)
    wanted = [encode(values(chance)).hex() for _ in range(150)] + [encode(bytes(70_000)).hex()]
    command = [program, "--experimental-default-type=module", HERE / "encode.mjs", STATIC]
    odd = ["1800", "ff", "c000", "fb3ff0000000000000", "a2616200616100"]
    given = "\n".join((*wanted, *odd)).encode()
    found = subprocess.run(command, input=given, capture_output=True, check=True, timeout=120).stdout
    assert found.decode().split() == wanted + ["refused"] * len(odd)


def test_the_script_takes_and_refuses_what_the_vectors_say():
    program = shutil.which("node")
    if program is None:
        loudly("no node on the PATH: the console's check of proofs was not held against the vectors")
        pytest.skip("it needs a JavaScript engine")
    command = [program, "--experimental-default-type=module", HERE / "vectors.mjs", STATIC, VECTORS]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)
    wanted = json.loads((VECTORS / "index.json").read_text(encoding="utf-8"))["vectors"]
    told = {one["file"]: (found[one["file"]]["ok"], found[one["file"]]["failed"]) for one in wanted}
    assert told == {one["file"]: (one["ok"], one["failed"]) for one in wanted}
