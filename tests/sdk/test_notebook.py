"""What a notebook shows of a ledger, its assets, their lineage and a study."""

import consortia
from consortia.modules.assets.messages import Withdraw
from consortia.sdk.notebook import Drawing
from consortia.sdk.proofs import ProofFile
from consortia.sdk.views import Table

ROWS = [{"id": f"p{n}", "age": str(40 + n), "sick": "yes" if n % 2 else "no"} for n in range(8)]


def test_a_ledger_and_its_parts_are_shown_without_scripts():
    with consortia.simulate(members=3) as ledger:
        ledger.assets.register_dataset(ROWS, name="clinic", title="<b>Clinic</b>", process=["*"])
        lineage = ledger.assets.lineage("clinic")
        pages = [one._repr_html_() for one in (ledger, ledger.assets, lineage)]
        assert [node.label for node in lineage.view.nodes] == ["<b>Clinic</b>"]
    assert f"seen by {ledger.member}" in pages[0]
    assert "&lt;b&gt;Clinic&lt;/b&gt;" in pages[1]
    assert "<svg" in pages[2]
    assert not any("<script" in page or "?csv" in page or "<b>" in page for page in pages)


def test_a_proof_is_shown_step_by_step_and_a_changed_one_with_the_step_that_fails():
    with consortia.simulate(members=3) as ledger:
        asset = ledger.assets.register_dataset(ROWS, name="clinic", process=["*"])
        proof = ledger.prove(ledger.submit(Withdraw(asset.id)))
    page = proof._repr_html_()
    assert (proof.ok, "Every step holds" in page, "assets.withdrawn" in page) == (True, True, True)
    changed = bytearray(proof.data)
    changed[-10] ^= 1
    wrong = ProofFile(bytes(changed), proof.network)
    assert (wrong.ok, f"Step {wrong.verdict.failed} fails" in wrong._repr_html_()) == (False, True)
    assert "It shows" not in wrong._repr_html_()


def test_a_drawing_is_shown_with_its_table():
    assert "<caption>Lots" in Drawing(Table("Lots", ("lot",), (("A",),)))._repr_html_()
