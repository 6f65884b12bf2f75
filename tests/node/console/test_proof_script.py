"""The browser's own check of a proof and the node's agree on every vector, step by step."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.loud import loudly

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
VECTORS = ROOT / "tests" / "vectors" / "proofs"
STATIC = ROOT / "src" / "consortia" / "node" / "console" / "static"


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
