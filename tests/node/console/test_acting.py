# Long because all acts are walked with one node and one browser, which take longest to start.
"""People's actions in a real browser: a key that stays in the page, and bytes that are what was asked for."""

import json
import time

import pytest

from consortia.base.codec import encode_record
from consortia.base.commitments import record_leaf
from consortia.base.keys import SigningKey
from consortia.kernel.refusals import NO_ACT, REVOKED_KEY
from consortia.kernel.transaction import call, sign_transaction
from consortia.modules.governance.messages import ScheduleMember, Suggest
from consortia.modules.identity.mandate_types import Cap, Pin
from consortia.modules.market.state import sealed
from consortia.modules.market.types import Order, Sealing
from consortia.node.founding import MemberKeys
from consortia.node.invitations import JoinRequest, read_invite
from consortia.node.keys import find_key, save_key
from consortia.node.passes import way_in
from consortia.sdk.agents import Agents, mandate_of
from consortia.sdk.bank import Bank
from consortia.sdk.governance import Governance
from consortia.sdk.jsonform import to_json
from consortia.sdk.market import Markets
from consortia.testing.scenarios.market_parts import terms
from tests.loud import loudly
from tests.node.console.browser import AXE, Browser, lacking
from tests.node.console.looking import HOSTILE
from tests.node.console.lying import Between
from tests.node.console.test_browser import WIDER, folder_of_pictures
from tests.node.running import Process, client, homes, key_of, raw, until

pytestmark = pytest.mark.slow
ENTER = "\ue007"
PASSPHRASE = "correct horse battery staple"
FINAL = "Final: this browser checked the proof, every cosignature included."
SHOWN = "return !document.getElementById('review').hidden"
SAID = "return document.getElementById(arguments[0]).textContent.includes(arguments[1])"
FOLLOW = "[...document.querySelectorAll('a')].find((e) => e.textContent === arguments[0]).click()"
TRACES = """const held = [document.documentElement.outerHTML, location.href, JSON.stringify(localStorage),
  JSON.stringify(sessionStorage), ...[...document.querySelectorAll('input')].map((e) => e.value)];
return held.join(' ')"""
NO_ED25519 = """const real = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = (form, ...rest) => form === 'pkcs8'
  ? Promise.reject(new DOMException('none', 'NotSupportedError')) : real(form, ...rest)"""


@pytest.fixture
def looked(tmp_path):
    if lacking():
        loudly(lacking())
        pytest.skip(lacking())
    [home] = homes(tmp_path / "net", "north")
    with Process(home) as node, Between(node.port) as between, Browser(tmp_path / "profile") as browser:
        browser.open(way_in(between.url, home.token(), time.time_ns() // 1_000_000))
        yield node, between, browser


def test_a_person_acts_in_the_page_and_the_key_stays_there(looked, tmp_path):
    node, between, browser = looked
    pictures = folder_of_pictures(tmp_path)
    admin = client(node.home, node.url)
    agent, market = _delegate(admin, node), _market(admin)
    posted = node.home.path / "joining" / "south.cbor"
    posted.parent.mkdir()
    keys = MemberKeys.generate("south")
    posted.write_bytes(encode_record(JoinRequest("south", HOSTILE, keys.proven(admin.network), None, None)))
    proposal = Governance(admin, "north").propose(
        "members", ScheduleMember("admission", "south"), title=HOSTILE
    )
    page = f"/console/decisions/{proposal.proposal.id.hex()}"
    _keys_that_do_not_fit(browser, between.url + page, node, tmp_path)
    _a_lie_is_caught(browser, between, admin)
    _a_vote(browser, between.url + page, node, tmp_path, pictures)
    seen = Governance(admin, "north").get(proposal.proposal.id)
    assert [one.vote.choice for one in seen.electors] == ["yes"]
    _a_receipt_that_lies_is_caught(browser, between)
    _a_second_vote_is_refused(browser, pictures)
    _a_delegate_ends(browser, between.url, node, admin, agent)
    _data_is_registered_and_shared(browser, between.url, node, tmp_path, pictures)
    _what_members_decide_is_proposed(browser, between.url, node, admin)
    _a_page_of_another_place_does_nothing(browser, node)
    _who_posted_keys_is_admitted(browser, between.url, node, admin)
    _what_is_sealed_is_kept(browser, between.url, node, market, tmp_path)
    _somebody_is_invited(browser, between.url, node, tmp_path / "kept")
    _an_agent_is_let_act(browser, between.url, node, admin, tmp_path)
    _nothing_leaked(browser, between, node)
    _without_scripts(browser, between.url)
    admin.close()


def _delegate(admin, node):
    """An agent that may act: its key."""
    key = SigningKey(b"\7" * 32)
    pin = Pin(None, b"\1" * 32)
    methods, expires = ["governance.suggest"], admin.status().time + 86_400_000
    admin.submit(mandate_of(admin.network, "north", "broker", key, pin, methods=methods, expires=expires))
    assert _answered(admin, node, key) == NO_ACT.code
    return key


def _answered(admin, node, key) -> str:
    """The code with which what the agent hands in is refused: while it may act, for its missing account."""
    calls = (call(Suggest("training.join", "it looks odd"), "governance", "suggest"),)
    expires = admin.status().time + 3_600_000
    signed = sign_transaction(key, admin.network, calls, sequence=0, expires=expires)
    status, problem = raw(node.port, "POST", "/v1/transactions?wait=receipt", signed)
    assert status == 422
    return problem["code"]


def _choose(browser, path, passphrase=None):
    browser.upload("#key-file", path)
    if passphrase is not None:
        browser.wait("return !document.getElementById('unlock').hidden")
        browser.type("#passphrase", passphrase + ENTER)


def _keys_that_do_not_fit(browser, url, node, tmp_path):
    browser.open(url)
    browser.run(FOLLOW, "Vote yes")
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    [other] = homes(tmp_path / "other", "north")
    _choose(browser, find_key(other.keys, "admin"))
    browser.wait(SAID, "key-said", "this is a key of another network")
    assert browser.run("return document.getElementById('show').disabled")
    (tmp_path / "notes.json").write_text('{"format": "shopping-list"}')
    _choose(browser, tmp_path / "notes.json")
    browser.wait(SAID, "key-said", "This is no key file")
    _choose(browser, find_key(node.home.keys, "worker"))
    browser.wait(SAID, "key-said", "it would be refused")
    sealed = save_key(tmp_path, key_of(node.home), PASSPHRASE, label="mine", role="admin", member="north")
    _choose(browser, sealed, "wrong")
    browser.wait(SAID, "key-said", "Wrong passphrase, or the file was changed.")
    _choose(browser, find_key(node.home.keys, "admin"))
    browser.wait(SAID, "key-said", "known on this network with the roles admin")


def _a_lie_is_caught(browser, between, admin):
    before = admin.status().height
    for change, field in (
        (lambda _made: b"\xff", "the transaction"),
        (lambda made: made["calls"][0]["args"].update(choice="no"), "calls.1.args.choice"),
        (lambda made: made["calls"][0].update(method="identity.leave"), "calls.1.method"),
        (lambda made: made["calls"].append(made["calls"][0]), "calls"),
        (lambda made: made.update(network=b"\3" * 32), "network"),
        (lambda made: made.update(expires=(1 << 62)), "expires"),
        (lambda made: made["calls"][0]["args"].update(more=1), "calls.1.args.more"),
    ):
        between.change = change
        browser.run("document.getElementById('show').click()")
        browser.wait(SAID, "asked", f"not what you asked for. {field}: you asked for ")
        assert not browser.run(SHOWN)
        browser.run("document.getElementById('asked').textContent = ''")
    between.change = None
    assert admin.status().height == before


def _a_vote(browser, url, node, tmp_path, pictures):
    browser.open(url)
    browser.run(FOLLOW, "Vote yes")
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    _choose(browser, tmp_path / "mine.key.json", PASSPHRASE)
    browser.wait(SAID, "key-said", "Open: mine")
    browser.run("document.getElementById('show').focus()")
    browser.press(ENTER)
    browser.wait(SHOWN)
    assert browser.text("#sentence").startswith('north votes "yes" on proposal')
    words = browser.text("#words")
    assert all(one in words for one in ("governance.cast_vote", "yes", "sequence", "valid until"))
    if AXE.is_file():
        assert browser.audit() == []
    for name, width, height in (("wide", 1280, 1500), ("narrow", 390, 1900)):
        browser.size(width, height)
        assert browser.run(WIDER) == 0
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            browser.picture(pictures / f"act-{name}-{scheme}.png")
    browser.size(1280, 900)
    browser.run("document.getElementById('sign').focus()")
    browser.press(ENTER)
    browser.wait(SAID, "final", FINAL)
    assert browser.text("#outcome") == "Done: it stands on the ledger."
    browser.picture(pictures / "act-receipt.png")


def _a_receipt_that_lies_is_caught(browser, between):
    between.instead = lambda target, data: (
        data.replace(b'"cost":', b'"cost":1') if target == "/v1/transactions?wait=receipt" else None
    )
    browser.run("document.getElementById('show').click()")
    browser.wait(SHOWN)
    browser.run("document.getElementById('sign').click()")
    browser.wait(SAID, "final", "its proof fails at step 6")
    between.instead = None


def _a_second_vote_is_refused(browser, pictures):
    browser.run("document.getElementById('show').click()")
    browser.wait(SHOWN)
    browser.run("document.getElementById('sign').click()")
    browser.wait(SAID, "final", FINAL)
    assert browser.text("#outcome").startswith("Refused: ")
    assert "governance.already_voted" in browser.text("#receipt")
    browser.picture(pictures / "act-refused.png")


def _a_delegate_ends(browser, url, node, admin, agent):
    browser.open(f"{url}/console/members/north")
    browser.run(FOLLOW, "End broker now")
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    browser.run(NO_ED25519)
    _choose(browser, find_key(node.home.keys, "admin"))
    browser.wait(SAID, "key-said", "Open: ")
    browser.run("document.getElementById('show').click()")
    browser.wait(SHOWN)
    assert "ends the mandate" in browser.text("#sentence")
    browser.run("document.getElementById('sign').click()")
    browser.wait(SAID, "outcome", "Done")
    assert _answered(admin, node, agent) == REVOKED_KEY.code


def _opened(browser, url, node):
    """The page of a message with the admin's key open."""
    browser.open(url)
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    _choose(browser, find_key(node.home.keys, "admin"))
    browser.wait(SAID, "key-said", "Open: ")


def _signed(browser) -> str:
    """The words in which it was shown."""
    browser.run("document.getElementById('show').click()")
    browser.wait(SHOWN)
    words = browser.text("#words")
    browser.run("document.getElementById('sign').click()")
    browser.wait(SAID, "outcome", "Done")
    return words


def _data_is_registered_and_shared(browser, url, node, tmp_path, pictures):
    rights = {"process": [{"grantee": "north", "purposes": ["*"]}], "download": []}
    fields = {"name": "ward-7", "kind": "dataset", "title": HOSTILE, "form": "set", "commitment": "ab" * 32}
    fields |= {"count": 60, "subjects": 12, "schema": None, "parents": [], "rights": rights}
    (tmp_path / "ward.json").write_text(json.dumps({"method": "assets.register", "args": fields}))
    _opened(browser, f"{url}/console/act/assets/register", node)
    browser.upload("#fill", tmp_path / "ward.json")
    browser.wait(SAID, "asked", "Filled in.")
    browser.picture(pictures / "act-register.png")
    _signed(browser)
    browser.open(f"{url}/console/data")
    browser.run("[...document.querySelectorAll('main td a')][0].click()")
    browser.wait("return document.querySelector('h1')?.innerText === arguments[0]", HOSTILE)
    browser.run(FOLLOW, "Grant a right")
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    _opened(browser, browser.run("return location.href"), node)
    browser.run("document.querySelector('button.add').click()")
    browser.run("document.querySelector('.row [data-name=grantee] input').value = '*'")
    browser.run("document.querySelector('.row [data-name=purposes] textarea').value = 'DUO:0000007'")
    _signed(browser)
    assert "everybody for DUO:0000007" in _seen(browser, f"{url}/console/data")


def _seen(browser, url) -> str:
    browser.open(url)
    return browser.text("main")


def _what_members_decide_is_proposed(browser, url, node, admin):
    _opened(
        browser, f"{url}/console/act/governance/schedule_member?change=removal&name=south&title=Part", node
    )
    _signed(browser)
    [newest] = [one for one in Governance(admin, "north").list() if one.title == "Part"]
    assert newest.kind == "members"
    actions = Governance(admin, "north").get(newest.id).proposal.actions
    assert [(one.method, dict(one.args)) for one in actions] == [
        ("governance.schedule_member", {"change": "removal", "name": "south"})
    ]


def _a_page_of_another_place_does_nothing(browser, node):
    """With the session in its cookie jar the browser shows another page, which tries what it can."""
    browser.open("data:text/html,<title>elsewhere</title>")
    tried = """const url = arguments[0];
    const to = (path, more) => fetch(url + path, { credentials: 'include', ...more })
      .then((answer) => answer.type, () => 'nothing');
    return Promise.all([to('/v1/status'), to('/console/act'), to('/v1/build', { method: 'POST', body: '{}' }),
      to('/v1/transactions', { method: 'POST', body: 'x', mode: 'no-cors' })])"""
    assert browser.run(tried, node.url)[:3] == ["nothing"] * 3
    framed = """const frame = document.createElement('iframe');
    frame.src = arguments[0];
    document.body.append(frame);
    return new Promise((done) => { frame.onload = () => done(frame.contentDocument === null); })"""
    assert browser.run(framed, f"{node.url}/console/act/governance/cast_vote")
    browser.complaints()


def _who_posted_keys_is_admitted(browser, url, node, admin):
    browser.open(f"{url}/console/members")
    browser.run(FOLLOW, "Admit south")
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    _choose(browser, find_key(node.home.keys, "admin"))
    browser.wait(SAID, "key-said", "Open: ")
    assert HOSTILE in _signed(browser)
    assert admin.ask("identity.key", key=key_of(node.home).key_id).member == "north"
    assert "Admit south" not in _seen(browser, f"{url}/console/members")


def _market(admin) -> bytes:
    """A market in which north may place orders: its id."""
    bank, markets = Bank(admin, "north"), Markets(admin, "north")
    base, quote = (bank.new_unit(code, issue=100_000).id for code in ("grain", "coin"))
    hours = {"period_ms": 14_400_000, "commit_ms": 7_200_000, "reveal_ms": 3_600_000, "correct_ms": 60_000}
    made = markets.open("grain", HOSTILE, terms(base, quote, start=admin.status().time + 500, **hours), 40)
    markets.fund(made, quote, 50_000)
    return made.id


def _what_is_sealed_is_kept(browser, url, node, market, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    browser.develop("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(kept))
    network = node.home.config({}).network_id
    browser.open(f"{url}/console/markets/{market.hex()}")
    browser.run(FOLLOW, "Place an order")
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    _choose(browser, find_key(node.home.keys, "admin"))
    browser.wait(SAID, "key-said", "Open: ")
    browser.run("document.getElementById('sealed-limit').value = '40'")
    browser.run("document.getElementById('sealed-quantity').value = '7'")
    order = _kept(browser, kept)
    sealing = Sealing(
        network, market, 0, key_of(node.home).key_id, bytes.fromhex(order["salt"]), Order("buy", 40, 7)
    )
    assert sealed(sealing).hex() in browser.text("#words")
    browser.run("document.getElementById('sign').click()")
    browser.wait(SAID, "outcome", "Done")
    browser.run("document.getElementById('kept').focus()")
    browser.press(ENTER)
    wanted = {**order, "place": 0}
    until(lambda: wanted in [json.loads(one.read_text() or "0") for one in kept.glob("*.json")])
    placed = next(kept.glob("order-*.json"))
    _opened(browser, f"{url}/console/act/market/reveal", node)
    browser.upload("#fill", placed)
    browser.wait(SAID, "asked", "Filled in.")
    assert browser.run("return document.querySelector('[data-name=quantity] input').value") == "7"
    _opened(browser, f"{url}/console/act/guard/answer?alert={'06' * 32}", node)
    browser.type("#sealed-text", "a false alarm")
    answer = _kept(browser, kept)
    assert record_leaf(bytes.fromhex(answer["salt"]), b"a false alarm").hex() in browser.text("#words")


def _kept(browser, folder) -> dict:
    """What the page asks to keep before it lets a person sign."""
    known = set(folder.iterdir())
    browser.run("document.getElementById('show').click()")
    browser.wait(SHOWN)
    assert browser.run("return document.getElementById('sign').disabled")
    browser.run("document.getElementById('keep').focus()")
    browser.press(ENTER)
    until(lambda: [one for one in set(folder.iterdir()) - known if one.suffix == ".json"])
    assert not browser.run("return document.getElementById('sign').disabled")
    [made] = set(folder.iterdir()) - known
    return json.loads(made.read_text())


def _nothing_leaked(browser, between, node):
    seed = key_of(node.home).seed
    traces = browser.run(TRACES)
    assert seed.hex() not in traces
    assert PASSPHRASE not in traces
    assert browser.run("return indexedDB.databases().then((found) => found.length)") == 0
    heard = b"\n".join(between.heard)
    for secret in (seed, seed.hex().encode(), PASSPHRASE.encode()):
        assert secret not in heard
    browser.run("location.reload()")
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    assert browser.text("#key-said") == "No key is open."


def _without_scripts(browser, url):
    browser.develop("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{url}/console/act/governance/cast_vote")
    assert "consortia proposal vote PROPOSAL yes" in browser.text("main")
    browser.develop("Emulation.setScriptExecutionDisabled", value=False)


def _somebody_is_invited(browser, url, node, kept):
    browser.open(f"{url}/console/members")
    browser.run(FOLLOW, "Invite an organisation")
    browser.wait("return document.getElementById('key-file')?.disabled === false")
    _choose(browser, find_key(node.home.keys, "worker"))
    browser.wait(SAID, "key-said", "it would be refused")
    _opened(browser, f"{url}/console/invite", node)
    browser.type("[data-name=name] input", "east")
    browser.run("document.getElementById('show').click()")
    browser.wait(SHOWN)
    assert browser.text("#sentence").startswith("north asks its node for an invitation of east")
    browser.run("document.getElementById('sign').click()")
    browser.wait(SAID, "outcome", "Done")
    browser.run("document.getElementById('kept').focus()")
    browser.press(ENTER)
    path = kept / "east.invite"
    until(lambda: path.exists() and path.stat().st_size)
    invited = read_invite(path)
    assert (invited.name, invited.inviter, invited.url) == ("east", "north", node.url)
    keys = MemberKeys.generate("east").proven(node.home.config({}).network_id)
    posted = encode_record(JoinRequest("east", "East", keys, None, None))
    assert raw(node.port, "POST", f"/v1/join?token={invited.token}", posted)[0] == 202
    assert "Admit east" in _seen(browser, f"{url}/console/members")


def _an_agent_is_let_act(browser, url, node, admin, tmp_path):
    key, expires = SigningKey(b"\x09" * 32), admin.status().time + 86_400_000
    wanted = mandate_of(
        admin.network,
        "north",
        "clerk",
        key,
        Pin(None, b"\1" * 32),
        methods=["bank.transfer"],
        caps=[Cap(b"\2" * 32, 5, 9)],
        expires=expires - expires % 1000,  # a browser's field for a time takes whole seconds
    )
    draft = tmp_path / "clerk.json"
    draft.write_text(json.dumps({"method": "identity.grant_mandate", "args": to_json(wanted)}))
    _opened(browser, f"{url}/console/act/identity/grant_mandate", node)
    browser.upload("#fill", draft)
    browser.wait(SAID, "asked", "Filled in.")
    _signed(browser)
    assert Agents(admin, "north").get("clerk").mandate.caps == wanted.caps
