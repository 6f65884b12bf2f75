"""The browser's own count of a secret ballot agrees with the node's on every vector, file and cheat."""

import json
import random
import shutil
import subprocess

import pytest
from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.kernel.proof import Proof, parse_proof
from consortia.kernel.prove import Openings, prove_state
from consortia.kernel.verify import verify_proof
from consortia.modules.ballots.state import ELECTIONS, KEPT
from consortia.sdk.elections import count_key, gathered
from consortia.testing.witnessed import Witnessed
from tests.loud import loudly
from tests.modules.test_ballots import cheats, held_to_the_end
from tests.node.console.test_proof_script import HERE, ROOT, STATIC

BENT = 12
"""So many bytes of the evidence are bent, one at a time."""


def run(script, folder):
    program = shutil.which("node")
    if program is None:
        loudly("no node on the PATH: the console's count of ballots was not held against the vectors")
        pytest.skip("it needs a JavaScript engine")
    command = [program, "--experimental-default-type=module", HERE / script, STATIC, folder]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=300).stdout)


def test_the_arithmetic_takes_and_refuses_what_the_vectors_say():
    found = run("ballots.mjs", ROOT / "tests" / "vectors" / "ballots")
    done = {"make_ballot", "check_ballot", "check_partial", "check_coefficients", "counted"}
    assert {one["do"] for one in found} >= done
    wanted = {one["name"]: one["wanted"] for one in found}
    assert {one["name"]: [one["made"]["ok"], one["made"]["gives"]] for one in found} == wanted


def test_a_count_is_made_again_in_the_browser_and_every_cheat_is_refused(tmp_path):
    held = held_to_the_end(0, 0, 1, 2, 0, 1)
    kept = Witnessed.of(held.bench)
    count = gathered(lambda name, arguments, kind: held.bench.query(name, arguments), held.id)
    honest = Openings(evidence=encode_record(count))
    files = {"honest": prove_state(kept.ledger, count_key(held.id), openings=honest).encode()}
    for name, one in cheats((held, kept, count)).items():
        files[name] = prove_state(
            kept.ledger, count_key(held.id), openings=Openings(evidence=encode_record(one))
        ).encode()
    for key in (ELECTIONS.state_key(held.id), KEPT.state_key(held.id, "west"), count_key(bytes(32))):
        files[f"of entry {key.hex()[:40]}"] = prove_state(kept.ledger, key, openings=honest).encode()
    bare, chance = parse_proof(files["honest"]), random.Random(1)
    for number in range(BENT):
        bent = bytearray(bare.extra.evidence)
        bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
        extra = replace(bare.extra, evidence=bytes(bent))
        files[f"bent {number}"] = Proof(extra, bare.index, bare.path, bare.note).encode()
    vectors = []
    for place, (name, data) in enumerate(files.items()):
        verdict = verify_proof(held.bench.app, data, held.bench.network)
        vectors.append({"file": f"{place}.proof", "name": name, "ok": verdict.ok, "failed": verdict.failed})
        (tmp_path / f"{place}.proof").write_bytes(data)
        assert verdict.ok == (name == "honest"), name
    index = {"network": held.bench.network.hex(), "vectors": vectors}
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    found = run("vectors.mjs", tmp_path)
    for one in vectors:
        made = found[one["file"]]
        assert (made["ok"], made["failed"]) == (one["ok"], one["failed"]), (one["name"], made["text"])
    told = verify_proof(held.bench.app, files["honest"], held.bench.network).steps[6].text
    assert found["0.proof"]["texts"][6] == told
