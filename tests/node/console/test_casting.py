"""A secret ballot cast in a real browser: sealed in the page, bound to what is final, and counted."""

import base64
import json
import time

import pytest

from consortia.base.codec import to_value
from consortia.base.group import ORDER
from consortia.exact.ballot import check_ballot, nonces_needed
from consortia.kernel.prove import prove_state
from consortia.modules.ballots.messages import Cast
from consortia.modules.ballots.queries import BallotsView, ById
from consortia.modules.ballots.state import PROGRESS
from consortia.node.keys import find_key
from consortia.node.passes import way_in
from consortia.sdk.elections import Challenged, check_challenged
from consortia.sdk.jsonform import from_json
from consortia.testing.voting import CHOICES
from consortia.testing.witnessed import Witnessed
from tests.loud import loudly
from tests.node.console.browser import AXE, Browser, lacking
from tests.node.console.lying import Between
from tests.node.console.test_acting import FINAL, FOLLOW, SAID, SHOWN, TRACES
from tests.node.console.test_browser import WIDER, folder_of_pictures
from tests.node.console.voted import cosigning, home_of, open_for_votes
from tests.node.running import Process, client, until

pytestmark = pytest.mark.slow
BEFORE = (0, 0, 1, 2, 0, 1)
"""What all six chose at first: north, the third, `no`."""

DRAWN = """window.drawn = [];
const real = crypto.getRandomValues.bind(crypto);
crypto.getRandomValues = (given) => { window.drawn.push([...real(given)]); return given; }"""
SHOW = "document.getElementById('show').click()"


@pytest.fixture
def booth(tmp_path):
    if lacking():
        loudly(lacking())
        pytest.skip(lacking())
    held, other = open_for_votes(*BEFORE)
    with (
        Process(home_of(tmp_path / "home", held.bench)) as node,
        cosigning(node, held.bench),
        Between(node.port) as between,
        Browser(tmp_path / "profile") as browser,
    ):
        browser.open(way_in(between.url, node.home.token(), time.time_ns() // 1_000_000))
        yield held, other, node, between, browser


def test_a_secret_ballot_is_cast_in_the_page_and_counted(booth, tmp_path):
    held, other, node, between, browser = booth
    pictures = folder_of_pictures(tmp_path)
    _entered(browser, between, node, held)
    browser.run(DRAWN)
    _lies_are_caught(browser, between, held, other)
    _choose(browser, "yes")
    _shown(browser, pictures)
    hash_ = _cast(browser, pictures)
    _nothing_secret_is_left(browser, between)
    with client(node.home, node.url) as admin:
        seen = admin.query("ballots.ballots", ById(held.id), BallotsView).ballots
    [kept] = [one.kept for one in seen if one.voter == "north"]
    assert (kept.hash.hex(), kept.casts) == (hash_, 2)
    check_ballot(held.terms, "north", kept.ballot)
    _the_trustees_count(held, kept.ballot)
    _a_doubted_ballot_is_opened(browser, held, tmp_path)
    assert [one for one in browser.complaints() if "/v1/stream" not in one] == []


def _entered(browser, between, node, held):
    browser.open(f"{between.url}/console")
    waiting = browser.text("[aria-label='Needs your signature']")
    assert ("Another one" in waiting, held.election.title in waiting) == (
        True,
        False,
    )  # it voted in one of them
    browser.open(f"{between.url}/console/act/ballots/cast")
    browser.run(FOLLOW, held.election.title)
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    browser.upload("#key-file", find_key(node.home.keys, "admin"))
    browser.wait(SAID, "key-said", "known on this network with the roles admin")


def _choose(browser, choice):
    browser.run(
        "const box = document.getElementById('sealed-choice'); box.value = arguments[0];"
        "box.dispatchEvent(new Event('input', { bubbles: true }))",
        choice,
    )
    browser.run(SHOW)


def _lies_are_caught(browser, between, held, other):
    """Of a node that has another key, another election, another ballot: nothing is shown to sign."""
    kept = Witnessed.of(held.bench)
    theirs, before = held.ballot("north", 1, "other"), len(between.heard)
    key = held.progress.key.commitments[0]
    swapped = prove_state(kept.ledger, PROGRESS.state_key(other.id)).encode()
    told = other.progress.key.commitments[0]

    def another_proof(target, data):
        return swapped if PROGRESS.state_key(held.id).hex() in target else None

    def another_key(target, data):
        return _with(data, key, told) if target.startswith("/v1/proofs/state") else None

    for instead, change, said in (
        (another_proof, None, "The node's proof is of something else than this ballot."),
        (another_key, None, "is not what the members made final"),
        (None, lambda made: _swap(made, theirs), "calls.1.args.ballot"),
        (None, lambda made: made["calls"][0]["args"].update(election=other.id), "calls.1.args.election"),
    ):
        between.instead, between.change = instead, change
        _choose(browser, "yes")
        browser.wait(SAID, "asked", said)
        assert "Nothing was signed" in browser.text("#asked")
        assert not browser.run(SHOWN)
        browser.run("document.getElementById('asked').textContent = ''")
    between.instead = between.change = None
    assert not any(b"/v1/transactions" in one for one in between.heard[before:])


def _with(proof, old, new):
    """A proof file whose extra data name another key."""
    lines = proof.split(b"\n")
    extra = base64.b64decode(lines[1].removeprefix(b"extra "))
    if old not in extra:
        return proof
    lines[1] = b"extra " + base64.b64encode(extra.replace(old, new))
    return b"\n".join(lines)


def _swap(made, theirs):
    made["calls"][0]["args"]["ballot"] = to_value(theirs)


def _shown(browser, pictures):
    browser.wait(SHOWN)
    title = "Shall the model be released?"
    assert browser.text("#sentence") == f'north chooses "yes" in the secret ballot "{title}".'
    assert "ballots.cast" in browser.text("#words")
    assert not AXE.is_file() or browser.audit() == []
    for name, width, height in (("wide", 1280, 1500), ("narrow", 360, 2100)):
        browser.size(width, height)
        assert browser.run(WIDER) == 0
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            browser.picture(pictures / f"cast-{name}-{scheme}.png")
    browser.size(1280, 900)


def _cast(browser, pictures) -> str:
    browser.run("document.getElementById('sign').click()")
    browser.wait(SAID, "final", FINAL)
    browser.wait(SAID, "final", "Your ballot counts, in the final ledger, under its hash")
    assert browser.text("#outcome") == "Done: it stands on the ledger."
    browser.picture(pictures / "cast-receipt.png")
    return browser.text("#final").rstrip(".").rsplit(" ", 1)[1]


def _nothing_secret_is_left(browser, between):
    """Neither the choice nor a nonce stands in the page, and no nonce went over the wire.

    Of a choice's four nonces the last two are, by the proof's design, part of the ballot or open to all.
    """
    assert browser.run("return document.getElementById('sealed-choice').value") == ""
    assert "chooses" not in browser.run(TRACES)
    heard = b"\n".join(between.heard).lower()
    drawn = [bytes(one) for one in browser.run("return window.drawn") if len(one) == 32]
    scalars = [one[:31] + bytes([one[31] & 31]) for one in drawn]
    nonces = [one for one in scalars if 0 < int.from_bytes(one, "little") < ORDER]
    needed = nonces_needed(len(CHOICES))
    assert len(nonces) >= needed
    assert len(nonces) % needed == 0
    for at, one in enumerate(nonces):
        is_open = at % needed % 4 > 1
        spelled = [one, one.hex().encode(), one[::-1].hex().encode()]
        assert is_open or not any(secret in heard for secret in spelled)
    assert any(one.hex().encode() in heard for one in nonces[3:needed:4])
    built = [json.loads(one) for one in between.heard if one.startswith(b'{"key"') and b"ballots.cast" in one]
    assert built
    assert all(set(one["calls"][0]["args"]) == {"election", "ballot"} for one in built)


def _the_trustees_count(held, ballot):
    """As they do everywhere: with north's first ballot there would be three, two, one."""
    held.bench.ok("north", "admin", Cast(held.id, ballot))
    held.close()
    held.decrypt("east", "north", "south")
    assert held.progress.counts == (4, 1, 1)


def _a_doubted_ballot_is_opened(browser, held, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    browser.develop("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    _choose(browser, "abstain")
    browser.wait(SHOWN)
    told = browser.text("#words")
    browser.run("document.getElementById('challenge').click()")
    assert not browser.run(SHOWN)
    browser.run("document.getElementById('kept').click()")
    path = folder / "challenged.json"
    until(lambda: path.exists() and path.stat().st_size)
    found = from_json(Challenged, json.loads(path.read_bytes()))
    assert check_challenged(found) == "abstain"
    assert found.ballot.hash().hex() in told
    assert found.voter == "north"
