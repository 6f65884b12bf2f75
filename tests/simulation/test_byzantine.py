# Long because each attack stands beside the same attack with its guard removed
"""Attacks by fewer than a third of the members, each named after what the liar does.

Each scenario shows that the network stands; most also take the one guard away that stops the attack,
and show that it then succeeds: so the scenario attacks what it says it attacks.
"""

from dataclasses import replace

import msgspec
import pytest

from consortia.base.codec import decode_record, encode_record
from consortia.base.ids import cosigner_name, origin
from consortia.base.note import Checkpoint, Note, cosign, parse_note, sign_log
from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger
from consortia.node import checkpoints, heads, leader
from consortia.node.embedded import EmbeddedNode
from consortia.node.heads import Heads
from consortia.node.leader import Leader
from consortia.node.memory import PlainMemory
from consortia.node.records import Settings
from consortia.node.sync import Evidence, Vouched, gather
from consortia.node.witness import Withheld, Witness
from consortia.testing.plain import ENTRIES, Settle, Stop, Write, application
from consortia.testing.simulator import Disk, Traitor, Violation, World

HOUR_MS = 3_600_000


def world_with(name: str, traitor: Traitor, **options) -> World:
    """Four members at work, one of which lies from now on."""
    world = World(7, 4, **options)
    world.run(500)
    world.submit("birch", Write("before", b"1"))
    world.settle()
    world.sites[name].traitor = traitor
    return world


def evidence(world: World, name: str) -> list[Evidence]:
    memory = world.sites[name].memory
    return [
        decode_record(Evidence, memory.records[key]) for key in memory.names() if key.startswith("evidence")
    ]


def stopped(world: World) -> list[str]:
    return [name for name, site in world.sites.items() if site.node is not None and site.node.stopped]


class TwoFaces(Traitor):
    """Keeps a second node with the same keys and disk contents, and shows it to some."""

    def __init__(self, world: World, shown_to: tuple[str, ...]) -> None:
        site = world.sites["amber"]
        self.shown_to = shown_to
        memory = PlainMemory()
        memory.records = {"session": site.memory.records["session"]}
        ledger = Ledger.open(world.backup("amber"), application())
        keys = (site.member.node,)
        self.twin = EmbeddedNode(
            ledger, "amber", keys, orderer="amber", memory=memory, settings=world.settings
        )
        self.twin._leader.start_at_once()
        world.node("amber")._leader.start_at_once()

    def face(self, peer: str, node: EmbeddedNode) -> EmbeddedNode:
        return self.twin if peer in self.shown_to else node

    def each(self, world: World) -> None:
        self.twin.tick(world.now)


def forking_world() -> World:
    world = World(7, 4)
    world.run(500)
    world.settle()
    traitor = TwoFaces(world, ("cedar", "delta"))
    world.sites["amber"].traitor = traitor
    raw = world.sign("birch", Write("x", b"one history"))
    other = world.sign("cedar", Write("x", b"another"))
    world.node("amber").submit(raw, world.now)
    traitor.twin.submit(other, world.now)
    world.run(10_000, traitor.each)
    return world


def test_an_orderer_that_shows_two_histories_makes_at_most_one_final_and_is_convicted():
    world = forking_world()
    convicted = stopped(world)
    assert convicted
    notes = [parse_note(note) for note in evidence(world, convicted[0])[0].notes]
    assert len({note.checkpoint.root for note in notes}) == 2
    assert all(world.node("birch").chain.signer(note, "amber") for note in notes)


def test_without_the_quorum_of_two_thirds_two_histories_become_final(monkeypatch):
    monkeypatch.setattr("consortia.kernel.checkpoint.quorum", lambda members: members // 2)
    with pytest.raises(Violation, match=r"two final checkpoints|another root than the final one"):
        forking_world()


def test_two_followers_who_were_told_two_histories_find_out_by_themselves():
    world = forking_world()
    assert {"birch"} <= set(stopped(world)) or {"cedar", "delta"} & set(stopped(world))
    silent = World(7, 4, settings=Settings(gossip_ms=HOUR_MS))
    silent.run(500)
    silent.settle()
    traitor = TwoFaces(silent, ("cedar", "delta"))
    silent.sites["amber"].traitor = traitor
    traitor.twin.submit(silent.sign("cedar", Write("x", b"another")), silent.now)
    silent.run(10_000, traitor.each)
    assert stopped(silent) == []


class Rewriter(Traitor):
    """Rebuilt its store with another past, and answers from it."""

    def __init__(self, world: World) -> None:
        site = world.sites["amber"]
        disk = Disk()
        ledger = Ledger.create(disk, application(), world.genesis)
        raw = world.sign("delta", Write("before", b"a past that never was"))
        ledger.append(Block(1, world.now, (raw,)))
        while ledger.tip.size <= world.node("birch").ledger.tip.size:
            ledger.append(Block(ledger.tip.height + 1, world.now, ()))
        keys = (site.member.node,)
        self.node = EmbeddedNode(ledger, "amber", keys, orderer="amber", memory=PlainMemory())
        self.node._leader.start_at_once()

    def face(self, peer: str, node: EmbeddedNode) -> EmbeddedNode:
        return self.node

    def hear(self, peer, request):
        return msgspec.structs.replace(request, head=None)


def test_an_orderer_that_rewrites_a_past_block_is_convicted_by_all():
    world = world_with("amber", Traitor())
    world.sites["amber"].traitor = Rewriter(world)
    world.run(2_000)
    assert stopped(world) == ["birch", "cedar", "delta"]
    assert len(evidence(world, "cedar")[0].notes + evidence(world, "cedar")[0].blocks) == 2


class Withholder(Traitor):
    """Gives one member no blocks."""

    def reply(self, peer, request, reply):
        if peer != "delta":
            return reply
        return msgspec.structs.replace(
            reply, blocks=(), head=None, height=request.height, published=(), finals=()
        )


def test_a_member_from_whom_the_orderer_withholds_blocks_gets_them_from_the_others():
    world = world_with("amber", Withholder())
    world.submit("birch", Write("x", b"1"))
    world.run(8_000)
    assert world.node("delta").ledger.tip == world.node("birch").ledger.tip
    alone = world_with("amber", Withholder(), settings=Settings(gossip_ms=HOUR_MS))
    alone.submit("birch", Write("x", b"1"))
    alone.run(8_000)
    assert alone.node("delta").ledger.tip.height < alone.node("birch").ledger.tip.height


def test_an_orderer_that_bends_time_forward_gets_no_quorum_until_the_time_has_come():
    world = world_with("amber", Traitor())
    world.sites["amber"].skew_ms = 15_000
    world.submit("birch", Write("x", b"1"))
    world.run(5_000)
    size = world.node("birch").ledger.tip.size
    assert world.node("birch").finals.size < size
    world.sites["amber"].skew_ms = 0
    world.run(15_000)
    assert world.node("birch").finals.size >= size


def test_without_the_witnesses_clocks_bent_time_becomes_final(monkeypatch):
    monkeypatch.setattr(Witness, "_check_time", lambda *_: None)
    world = world_with("amber", Traitor())
    world.sites["amber"].skew_ms = 15_000
    world.submit("birch", Write("x", b"1"))
    world.run(5_000)
    node = world.node("birch")
    assert node.finals.size == node.ledger.tip.size
    assert node.ledger.tip.time > world.now + 9_000


def test_an_orderer_that_bends_time_back_is_reported_and_gets_no_quorum_until_it_is_in_time():
    world = world_with("amber", Traitor())
    world.run(6_000)
    world.sites["amber"].skew_ms = -60_000
    world.submit("birch", Write("x", b"1"))
    world.run(3_000)
    node = world.node("birch")
    late = node.ledger.tip.size
    assert node.finals.size < late
    assert any(alert.kind == "late" for alert in world.sites["birch"].alerts)
    world.sites["amber"].skew_ms = 0
    world.run(5_000)
    assert node.finals.size >= late


class Silencer(Traitor):
    """Lets no urgent transaction into its log."""

    def hear(self, peer, request):
        return msgspec.structs.replace(request, urgent=())

    def submit(self, raw):
        return False


def silenced_world() -> World:
    world = world_with("amber", Silencer())
    world.submit("cedar", Stop("machine"), at="birch")
    world.run(3_000)
    world.node("amber").submit(world.sign("birch", Write("x", b"1")), world.now)
    world.run(4_000)
    return world


def test_an_orderer_that_leaves_out_an_urgent_transaction_gets_no_quorum_until_it_gives_in():
    world = silenced_world()
    node = world.node("birch")
    assert node.finals.size < node.ledger.tip.size
    assert "urgent" in (node.withheld or "")
    world.sites["amber"].traitor = None
    world.settle()
    entry = node.ledger.ask(lambda ctx: ENTRIES.get(ctx, "machine"))
    assert entry.stopped


def test_without_the_witnesses_insistence_the_urgent_transaction_stays_out(monkeypatch):
    monkeypatch.setattr(Witness, "_check_left_out", lambda *_: None)
    world = silenced_world()
    node = world.node("birch")
    assert node.finals.size == node.ledger.tip.size
    assert node.ledger.ask(lambda ctx: ENTRIES.get(ctx, "machine")) is None


class Editor(Traitor):
    """Drops the transactions out of the blocks that it sends to one member."""

    def reply(self, peer, request, reply):
        if peer != "delta":
            return reply
        blocks = []
        for vouched in reply.blocks:
            block = decode_record(Block, vouched.block)
            edited = msgspec.structs.replace(block, transactions=block.transactions[:-1])
            blocks.append(Vouched(encode_record(edited), vouched.path))
        return msgspec.structs.replace(reply, blocks=tuple(blocks))


def test_an_orderer_that_edits_a_block_on_its_way_is_caught_before_anything_is_durable():
    world = world_with("amber", Editor())
    before = world.node("delta").ledger.tip
    world.submit("birch", Write("x", b"1"))
    world.run(3_000)
    assert world.node("delta").ledger.tip == before
    assert world.node("delta").stopped
    assert evidence(world, "delta")[0].blocks


def test_without_the_path_to_the_signed_head_the_edited_block_is_taken(monkeypatch):
    monkeypatch.setattr(heads, "verify_consistency", lambda *_: None)
    monkeypatch.setattr(Heads, "compare", lambda *_: None)
    world = world_with("amber", Editor())
    world.submit("birch", Write("x", b"1"))
    world.run(3_000)
    height = world.node("amber").ledger.tip.height
    roots = {world.node(name).ledger.header(height).state for name in ("birch", "delta")}
    assert len(roots) == 2


def test_an_orderer_that_slips_in_a_forged_transaction_is_refused_by_every_follower():
    world = world_with("amber", Traitor())
    node = world.node("amber")
    node._leader.driver.check = node._leader.driver.pool.check = lambda *_: True
    raw = world.sign("birch", Write("x", b"forged"))
    node.submit(raw[:-1] + bytes([raw[-1] ^ 1]), world.now)
    world.run(3_000)
    assert stopped(world) == ["birch", "cedar", "delta"]
    assert world.node("birch").ledger.tip.height < node.ledger.tip.height


def restored_world() -> World:
    """The orderer is restored from a backup that lacks what it acknowledged since."""
    world = World(7, 4)
    world.run(500)
    backup = world.backup("amber")
    for number in range(3):
        world.submit("birch", Write("x", bytes([number])))
        world.run(200)
    world.settle()
    world.crash("amber")
    world.restore("amber", backup)
    world.start("amber")
    world.run(300)
    world.submit("cedar", Write("y", b"after"))
    world.run(8_000)
    return world


def test_an_orderer_restored_from_a_backup_adopts_what_its_followers_hold_and_forks_nothing():
    world = restored_world()
    world.settle()
    world.judge.check_end()
    assert stopped(world) == []


def test_an_orderer_that_does_not_ask_its_followers_after_a_restore_forks_and_is_convicted(monkeypatch):
    monkeypatch.setattr(leader.Leader, "review", lambda *_, **__: True)
    monkeypatch.setattr(Leader, "behind", lambda *_: None)
    monkeypatch.setattr(EmbeddedNode, "_take_blocks", _no_adoption(EmbeddedNode._take_blocks))
    with pytest.raises(Violation, match="another root"):
        restored_world()


def _no_adoption(take):
    def taken(self, *arguments, **options):
        if not self.orders:
            take(self, *arguments, **options)

    return taken


class FalseCosigner(Traitor):
    """Cosigns with a broken signature."""

    def request(self, peer, request):
        bad = []
        for data in request.cosigned:
            note = parse_note(data)
            line = note.signatures[0]
            wrong = replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
            bad.append(Note(note.checkpoint, (wrong,)).encode())
        return msgspec.structs.replace(request, cosigned=tuple(bad))


def test_a_false_cosignature_is_refused_and_the_others_suffice():
    world = world_with("delta", FalseCosigner())
    world.submit("birch", Settle("x"))
    world.settle()
    assert any(alert.kind == "cosignature" and "delta" in alert.text for alert in world.sites["amber"].alerts)


def test_without_checking_each_line_one_false_cosignature_keeps_everything_from_being_final(monkeypatch):
    monkeypatch.setattr(checkpoints, "_check_line", lambda *_: None)
    world = world_with("delta", FalseCosigner())
    world.submit("birch", Settle("x"))
    with pytest.raises(Violation, match="does not settle"):
        world.settle(5_000)


class Impersonator(Traitor):
    """Cosigns in everybody's name, with its own key."""

    def __init__(self, world: World) -> None:
        self.world = world

    def request(self, peer, request):
        key, forged = self.world.sites["delta"].member.node, []
        for data in request.cosigned:
            point = parse_note(data).checkpoint
            for name in ("birch", "cedar"):
                line = cosign(point, cosigner_name(name, self.world.network), key, self.world.now // 1000)
                forged.append(Note(point, (line,)).encode())
        return msgspec.structs.replace(request, cosigned=tuple(forged))


def test_a_member_that_cosigns_in_the_name_of_others_gives_no_quorum():
    world = world_with("delta", Traitor())
    world.sites["delta"].traitor = Impersonator(world)
    world.partition(("amber", "delta"))
    world.submit("delta", Settle("x"))
    final = world.node("amber").finals.size
    world.run(3_000)
    assert world.node("amber").finals.size == final
    world.heal()
    world.settle()


class Inventor(Traitor):
    """Offers a recovering orderer a longer history of its own making."""

    def __init__(self, world: World) -> None:
        self.key = world.sites["delta"].member.node
        site = world.sites["delta"]
        self.ledger = Ledger.open(world.backup("delta"), application())
        self.ledger.append(Block(self.ledger.tip.height + 1, site.node.ledger.tip.time + HOUR_MS, ()))

    def request(self, peer, request):
        tip = self.ledger.tip
        point = Checkpoint(origin(self.ledger.network), tip.size, tip.root)
        head = Note(point, (sign_log(point, self.key),)).encode()
        block = encode_record(self.ledger.block(tip.height))
        return msgspec.structs.replace(request, height=tip.height, head=head, blocks=(Vouched(block, ()),))


def test_a_history_that_the_orderer_never_signed_is_not_adopted_by_it():
    world = world_with("delta", Traitor())
    world.sites["delta"].traitor = Inventor(world)
    world.crash("amber")
    world.start("amber")
    world.run(5_000)
    assert world.node("amber").ledger.tip.time < world.now
    world.resync("birch")
    world.submit("birch", Write("x", b"1"))
    world.settle()


def test_without_the_signature_on_heads_an_invented_history_bends_time_by_an_hour(monkeypatch):
    monkeypatch.setattr("consortia.node.chain.Chain.signer", lambda self, note, orderer: note.signatures[0])
    world = world_with("delta", Traitor())
    world.sites["delta"].traitor = Inventor(world)
    world.crash("amber")
    world.start("amber")
    world.run(3_000)
    assert world.node("amber").ledger.tip.time > world.now


def test_garbage_from_a_member_changes_nothing():
    world = world_with("delta", Traitor())
    for number in range(200):
        data = world.random.randbytes(world.random.randrange(400))
        world._send("delta", "amber", data, is_reply=bool(number % 2))
        world._send(
            "delta",
            "birch",
            encode_record(world.node("delta").request("birch", world.now))[:-1],
            is_reply=False,
        )
    world.submit("birch", Write("x", b"1"))
    world.run(500)
    world.settle()
    world.judge.check_end()


class HeaderBeggar(Traitor):
    """Asks for a fresh header in every question."""

    def request(self, peer, request):
        return msgspec.structs.replace(request, fresh=True)


def test_a_member_that_begs_for_headers_does_not_make_the_log_grow():
    world = world_with("delta", HeaderBeggar())
    world.run(10_000)
    size = world.node("amber").ledger.tip.size
    world.run(10_000)
    assert world.node("amber").ledger.tip.size == size


def test_without_looking_at_what_is_final_a_beggar_makes_the_log_grow(monkeypatch):
    monkeypatch.setattr(EmbeddedNode, "_unsettled", lambda _: True)
    world = world_with("delta", HeaderBeggar())
    world.run(10_000)
    size = world.node("amber").ledger.tip.size
    world.run(10_000)
    assert world.node("amber").ledger.tip.size > size


class InsidePublisher(Traitor):
    """Publishes a checkpoint that does not stand at a block's end."""

    def __init__(self, world: World) -> None:
        self.world = world

    def reply(self, peer, request, reply):
        ledger = self.world.node("amber").ledger
        size = ledger.tip.size - 1
        point = Checkpoint(origin(ledger.network), size, ledger.root(size))
        note = Note(point, (sign_log(point, self.world.sites["amber"].member.node),))
        return msgspec.structs.replace(reply, published=(note.encode(),))


def test_a_size_inside_a_block_is_cosigned_by_nobody():
    world = world_with("amber", Traitor())
    world.sites["amber"].traitor = InsidePublisher(world)
    final = world.node("birch").finals.size
    world.submit("birch", Write("x", b"1"))
    world.run(3_000)
    assert world.node("birch").finals.size == final
    assert "ends at size" in (world.node("birch").withheld or "")


def handed_over_world() -> World:
    """Amber is cut off; the others hand ordering to birch."""
    world = world_with("amber", Traitor())
    world.partition(("amber",))
    world.run(200)
    hand_over = world.node("birch").proposed_hand_over("birch")
    names = ("birch", "cedar", "delta")
    signed = gather(hand_over, [world.node(name).sign_hand_over(hand_over) for name in names])
    for name in names:
        world.node(name).adopt_hand_over(signed, world.now)
    world.orderer = "birch"
    return world


def test_an_old_orderer_that_goes_on_after_the_hand_over_makes_nothing_final():
    world = handed_over_world()
    world.node("amber").submit(world.sign("delta", Write("stale", b"1")), world.now)
    world._sequences["delta"] -= 1
    world.run(1_000)
    world.submit("cedar", Write("x", b"new term"), at="birch")
    world.run(1_000)
    world.heal()
    world.run(8_000)
    states = {world.node(name).ledger.tip.root for name in ("birch", "cedar", "delta")}
    assert len(states) == 1
    assert world.node("birch").finals.size == world.node("birch").ledger.tip.size
    stale = world.node("amber")
    assert stale.finals.size < stale.ledger.tip.size
    assert any(alert.kind == "hand-over" for alert in world.sites["amber"].alerts)


def test_an_old_orderer_that_made_nothing_more_follows_the_new_one():
    world = handed_over_world()
    world.sites["amber"].traitor = None
    world.submit("cedar", Write("x", b"new term"), at="birch")
    world.run(1_000)
    world.heal()
    world.settle()
    assert world.node("amber").orderer == "birch"


def test_a_minority_cannot_take_ordering_over():
    world = world_with("delta", Traitor())
    hand_over = world.node("delta").proposed_hand_over("delta")
    signed = gather(hand_over, [world.node("delta").sign_hand_over(hand_over)])
    world.node("delta").succession.signed = signed
    world.node("delta").succession.term = 1
    world.run(7_000)
    assert {world.node(name).orderer for name in ("amber", "birch", "cedar")} == {"amber"}
    assert any(
        "does not hold" in alert.text for name in ("birch", "cedar") for alert in world.sites[name].alerts
    )


def test_the_promise_of_a_hand_over_binds_against_the_old_orderer():
    world = handed_over_world()
    old = world.node("amber")
    old.submit(world.sign("delta", Write("stale", b"1")), world.now)
    world.run(200)
    note = old._leader.checkpoints.head(old.ledger.tip.height)
    with pytest.raises(Withheld):
        world.node("cedar").witness.consider(note, "amber", 0, world.now)
