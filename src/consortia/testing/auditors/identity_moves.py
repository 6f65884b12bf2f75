# Long because each message of identity has its move here, honest and hostile.
"""What members, guests and attackers do in identity."""

from collections.abc import Callable

from consortia.base.codec import Record
from consortia.base.keys import SigningKey
from consortia.modules.identity import messages as asked
from consortia.modules.identity.types import KeySpec, Kind, Role
from consortia.testing.auditors.drawing import HOUR, Drawing, Move
from consortia.testing.auditors.identity_mandates_moves import MOVES as MANDATED
from consortia.testing.auditors.identity_mandates_moves import pile_up_agents
from consortia.testing.auditors.identity_persons_moves import MOVES as PERSONAL
from consortia.testing.auditors.points import weak
from consortia.testing.machine import new_keys

DAY = 24 * HOUR
SINGLE = {"node", "recovery", "consensus"}
LATEST = 90 * DAY
SECP256K1 = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
P256 = bytes.fromhex("036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
CERTIFICATES = (b"\x30\x03\x02\x01\x00", b"\x30\x81\x80" + bytes(128), b"\x30\x00")
NO_CERTIFICATES = (
    *(
        b"\x30\x03\x02\x01",
        b"\x31\x03\x02\x01\x00",
        b"\x30\x81\x7f" + bytes(127),
        b"\x30",
        b"\x30\x80\x00\x00",
    ),
    *(b"\x30\x82\x00\x80" + bytes(128), b"\x30\x03\x02\x01\x00\x00"),
)
OWN_HOSTS = ("127.0.0.1", "localhost", "[::1]", "127.255.0.1")
HOSTS = ("10.0.0.1", "node.example", "[2001:db8::1]", "192.0.2.7", "a_b.c-d.example")
NO_HOSTS = (
    *("169.254.169.254", "0.1.2.3", "224.0.0.1", "255.255.255.255", "0177.0.0.1", "2130706433", "0x7f.1"),
    *(
        "[::ffff:a00:1]",
        "[::a00:1]",
        "[64:ff9b::1]",
        "[fe80::1]",
        "[ff02::1]",
        "[::]",
        "[2001:DB8::1]",
        "[1::2::3]",
    ),
    *("somebody@node.example", "node.example.", "-node.example", "node..example", "127.0.0.256", "no!de"),
)
PORTS = ("", ":7001", ":65535")
NO_PORTS = (":0", ":65536", ":07", ":")
PATHS = ("", "/", "/nodes/a~1")
NO_PATHS = ("/../a", "/a/.", "/?ask=1", "/#there", "/a%20b", "?")
EXTRA: tuple[tuple[Role, ...], ...] = (
    *(("admin",), ("operator",), ("worker",), ("analyst",), ("approver",), ("trustee",)),
    *(("admin", "operator"), ("analyst", "operator", "trustee")),
)
KEY_ATTACKS = (
    *("offer a weak key", "offer a member's key", "offer a waiting key", "offer an old key"),
    *("offer an agent's key", "offer a person's key"),
    *("borrow a proof", "carry a key into another set", "forge a proof"),
)
SET_ATTACKS = (
    *("leave out the recovery key", "bring two node keys", "leave out the admin", "bring a key twice"),
    "bring two consensus keys",
    *("put roles out of order", "let a worker sign for people", "repeat a role"),
)


def propose_member(draw: Drawing) -> Move:
    """Ask for an admission."""
    by, name = draw.member(), draw.guest()
    attack = draw.attack("give a known name", *_EXPIRY_ATTACKS)
    if attack == "give a known name":
        name = draw.pick(sorted(draw.identity.members))
    keys, spoiled = _key_set(draw, name)
    message = asked.ProposeMember(name, f"The guest {name}", keys, draw.quota(), _expiry(draw, attack))
    return Move(draw.signer(by, "admin"), (message,), attack or spoiled)


def approve_member(draw: Drawing) -> Move:
    """Say yes to an admission."""
    return _yes(draw, "admission", asked.ApproveMember)


def accept(draw: Drawing) -> Move:
    """Come in."""
    keys = draw.world.admission.keys.values()
    waiting = [(name, public) for name, public, roles, acts in keys if "joiner" in roles and acts]
    name, public = draw.pick(waiting) if waiting else (draw.guest(), draw.pick(sorted(draw.secrets)))
    attack = draw.attack("accept for another")
    if attack:
        name = draw.guest()
    return Move(draw.secrets[public], (asked.Accept(name, draw.note()),), attack)


def propose_removal(draw: Drawing) -> Move:
    """Ask for a removal."""
    by = draw.member()
    attack = draw.attack("remove oneself", *_EXPIRY_ATTACKS)
    name = by if attack == "remove oneself" else draw.other(by) if draw.often(0.9) else draw.somebody()
    message = asked.ProposeRemoval(name, _expiry(draw, attack), _maybe_note(draw))
    return Move(draw.signer(by, "admin"), (message,), attack)


def approve_removal(draw: Drawing) -> Move:
    """Say yes to a removal."""
    by, name = _voice(draw, "removal")
    attack = draw.attack("judge one's own case")
    if attack:
        by = name
    id_, swapped = _meant(draw, "removal", name)
    message = asked.ApproveRemoval(name, id_, _maybe_note(draw))
    return Move(draw.signer(by, "admin"), (message,), attack or swapped)


def propose_quota(draw: Drawing) -> Move:
    """Ask for a quota."""
    by, name = draw.member(), draw.somebody()
    attack = draw.attack(*_EXPIRY_ATTACKS)
    message = asked.ProposeQuota(name, draw.quota(), _expiry(draw, attack))
    return Move(draw.signer(by, "admin"), (message,), attack)


def approve_quota(draw: Drawing) -> Move:
    """Say yes to a quota."""
    return _yes(draw, "quota", asked.ApproveQuota)


def propose_power(draw: Drawing) -> Move:
    """Ask for a voting power; for none of the only one that votes, now and then."""
    by, name = draw.member(), draw.somebody()
    voting = [each for each, seat in sorted(draw.identity.seats.items()) if seat["consensus"] is not None]
    attack = draw.attack("silence who votes", *_EXPIRY_ATTACKS)
    power = draw.pick((0, 1, 1, 2, 1000))
    if voting and (attack == "silence who votes" or draw.often(0.3)):
        name, power = draw.pick(voting), 0
    return Move(draw.signer(by, "admin"), (asked.ProposePower(name, power, _expiry(draw, attack)),), attack)


def approve_power(draw: Drawing) -> Move:
    """Say yes to a voting power."""
    return _yes(draw, "power", asked.ApprovePower)


def withdraw(draw: Drawing) -> Move:
    """Take a proposal back."""
    kinds: tuple[Kind, ...] = ("admission", "removal", "quota", "power")
    kind, name, by = draw.pick(kinds), draw.somebody(), draw.member()
    standing = sorted(draw.identity.proposals)
    if standing and draw.often(0.8):
        found, name = draw.pick(standing)
        kind = next(each for each in kinds if each == found)
        by = draw.identity.proposals[kind, name]["proposer"]
    attack = draw.attack("take back another's")
    if attack:
        by = draw.other(by)
    return Move(draw.signer(by, "admin"), (asked.Withdraw(kind, name),), attack)


def swap_a_guest(draw: Drawing) -> Move:
    """Take an admission back and propose other keys under its name, while its own admin may accept."""
    own = [
        (name, proposal["proposer"])
        for (kind, name), proposal in sorted(draw.identity.proposals.items())
        if kind == "admission"
    ]
    name, by = draw.pick(own) if own else (draw.guest(), draw.member())
    keys, _ = _key_set(draw, name)
    again = asked.ProposeMember(name, "Another guest", keys, draw.quota(), draw.time + DAY)
    return Move(draw.signer(by, "admin"), (asked.Withdraw("admission", name), again), "swap a guest")


def leave(draw: Drawing) -> Move:
    """Go; seldom, or nobody were left."""
    by = draw.member()
    if len(draw.identity.present()) < 3 and draw.often(0.7):
        return set_endpoint(draw)
    return Move(draw.signer(by, "admin"), (asked.Leave(draw.note()),))


def add_key(draw: Drawing) -> Move:
    """Another key."""
    by = draw.member()
    return _add_key(draw, by)


def pile_up_keys(draw: Drawing) -> Move:
    """More keys for the member that has most."""
    by = max(draw.identity.present(), key=lambda name: len(draw.identity.active(name)))
    return _add_key(draw, by)


def revoke_key(draw: Drawing) -> Move:
    """A key goes."""
    by = draw.member()
    attacks = ("revoke another's key", "revoke the node key", "revoke every admin", "revoke nothing")
    attack = draw.attack(*attacks) or draw.pick(("", "", "revoke the node key", "revoke every admin"))
    known = [(id_, key) for id_, key in sorted(draw.identity.keys.items()) if key["member"] == by]
    chosen = {
        "revoke another's key": sorted(draw.identity.keys),
        "revoke the node key": [id_ for id_, key in known if SINGLE & set(key["roles"])],
        "revoke every admin": [id_ for id_, key in known if "admin" in key["roles"]],
        "revoke nothing": [draw.digest()],
    }
    ids = chosen.get(attack) or [id_ for id_, key in known if not SINGLE & set(key["roles"])]
    return Move(draw.signer(by, "admin"), (asked.RevokeKey(draw.pick(ids)),), attack)


def rotate_node_key(draw: Drawing) -> Move:
    """Another node key."""
    by = draw.member()
    attack = draw.attack("rotate to another role", *KEY_ATTACKS)
    roles: tuple[Role, ...] = ("admin",) if attack == "rotate to another role" else ("node",)
    key = _new_key(draw, by, roles, attack)
    return Move(draw.signer(by, "admin"), (asked.RotateNodeKey(key, draw.note()),), attack)


def rotate_consensus_key(draw: Drawing) -> Move:
    """Another consensus key, or the first."""
    by = draw.member()
    attack = draw.attack("rotate to another role", *KEY_ATTACKS)
    roles: tuple[Role, ...] = ("node",) if attack == "rotate to another role" else ("consensus",)
    key = _new_key(draw, by, roles, attack)
    return Move(draw.signer(by, "admin"), (asked.RotateConsensusKey(key),), attack)


def recover(draw: Drawing) -> Move:
    """All keys anew."""
    by = draw.member()
    keys, attack = _key_set(draw, by)
    return Move(draw.signer(by, "recovery"), (asked.Recover(keys, draw.note()),), attack)


def add_attestor(draw: Drawing) -> Move:
    """A key for other networks."""
    attack = draw.attack("take the other curve's point", "spoil the point", "leave the point uncompressed")
    good, other = draw.pick(((SECP256K1, P256), (P256, SECP256K1)))
    public = {
        "take the other curve's point": other,
        "spoil the point": good[:-1] + bytes([good[-1] ^ draw.rng.randint(1, 255)]),
        "leave the point uncompressed": b"\x04" + good[1:],
    }.get(attack, good)
    message = asked.AddAttestor("secp256k1" if good == SECP256K1 else "p256", public)
    return Move(draw.signer(draw.member(), "admin"), (message,), attack)


def set_endpoint(draw: Drawing) -> Move:
    """Where the node is."""
    attack = draw.attack(
        *("show no certificate", "show one without need", "show what is no certificate"),
        *("lead to another network", "lead to no port", "lead astray", "go without a certificate"),
    )
    certificate = draw.pick(CERTIFICATES) if draw.often(0.5) else None
    if attack == "show one without need":
        certificate = CERTIFICATES[0]
    elif attack == "show what is no certificate":
        certificate = draw.pick(NO_CERTIFICATES)
    safe = (certificate is not None) is (attack not in {"show no certificate", "show one without need"})
    known = OWN_HOSTS if not safe and attack != "go without a certificate" else (*HOSTS, *OWN_HOSTS)
    host = draw.pick(NO_HOSTS if attack == "lead to another network" else known)
    port = draw.pick(NO_PORTS if attack == "lead to no port" else PORTS)
    path = draw.pick(NO_PATHS if attack == "lead astray" else PATHS)
    message = asked.SetEndpoint(f"http{'s' * safe}://{host}{port}{path}", certificate)
    return Move(draw.signer(draw.member(), "admin", "node"), (message,), attack)


def set_quota(draw: Drawing) -> Move:
    """Another quota, lower or not."""
    return Move(draw.signer(draw.member(), "admin"), (asked.SetQuota(draw.quota()),))


_EXPIRY_ATTACKS = ("let it expire at once", "let it never expire")

MOVES = (
    *(propose_member, approve_member, approve_member, accept, accept, propose_removal, approve_removal),
    *(propose_power, approve_power, rotate_consensus_key),
    *(propose_quota, approve_quota, withdraw, swap_a_guest, leave, add_key, pile_up_keys, revoke_key),
    *(rotate_node_key, recover, add_attestor, set_endpoint, set_quota),
    *(*MANDATED, pile_up_agents, *PERSONAL),
)


def _expiry(draw: Drawing, attack: str) -> int:
    if attack == "let it expire at once":
        return draw.time - 1
    if attack == "let it never expire":
        return draw.time + LATEST + 1
    return draw.time + draw.pick((0, HOUR // 60, HOUR, DAY, DAY, LATEST))


def _maybe_note(draw: Drawing) -> bytes | None:
    return draw.note() if draw.often(0.8) else None


def _voice(draw: Drawing, kind: Kind) -> tuple[str, str]:
    """Who says yes to what: mostly somebody who has not said so yet, to something that is asked."""
    proposals = draw.identity.proposals
    standing = [name for asked_kind, name in sorted(proposals) if asked_kind == kind]
    name = draw.pick(standing) if standing and draw.often(0.95) else draw.somebody()
    if standing and draw.often(0.5):
        name = max(standing, key=lambda each: len(proposals[kind, each]["approvals"]))
    said = proposals[kind, name]["approvals"] if (kind, name) in proposals else []
    silent = [member for member in draw.identity.present() if member not in said]
    return (draw.pick(silent) if silent and draw.often(0.9) else draw.member()), name


def _yes(draw: Drawing, kind: Kind, says: Callable[[str, bytes], Record]) -> Move:
    """Somebody says yes to something that is asked."""
    by, name = _voice(draw, kind)
    id_, attack = _meant(draw, kind, name)
    return Move(draw.signer(by, "admin"), (says(name, id_),), attack)


def _meant(draw: Drawing, kind: Kind, name: str) -> tuple[bytes, str]:
    """The id of the proposal that a yes is meant for, and the attack: now and then it is of another one."""
    attack = draw.attack("say yes to another proposal")
    return (bytes(32) if attack else draw.identity.proposal_id(kind, name)), attack


def _add_key(draw: Drawing, by: str) -> Move:
    attack = draw.attack(
        "add a node key",
        "add a recovery key",
        "add a consensus key",
        "put roles out of order",
        "let a worker sign for people",
        *KEY_ATTACKS,
    )
    spoiled: dict[str, tuple[Role, ...]] = {
        "add a node key": ("node",),
        "add a recovery key": ("recovery",),
        "add a consensus key": ("consensus",),
        "put roles out of order": ("operator", "admin"),
        "let a worker sign for people": ("operator", "worker"),
    }
    key = _new_key(draw, by, spoiled.get(attack) or draw.pick(EXTRA), attack)
    return Move(draw.signer(by, "admin"), (asked.AddKey(key),), attack)


def _key_set(draw: Drawing, name: str) -> tuple[asked.NewKeys, str]:
    """A whole set of keys for `name`, and the attack in it."""
    attack = draw.attack(*SET_ATTACKS, *KEY_ATTACKS)
    roles: list[tuple[Role, ...]] = [("node",), ("recovery",), ("admin",)]
    roles += draw.rng.sample(EXTRA, draw.rng.randint(0, 2))
    roles += [("consensus",)] * draw.often(0.3)
    match attack:
        case "leave out the recovery key":
            roles.remove(("recovery",))
        case "bring two node keys":
            roles.append(("node",))
        case "bring two consensus keys":
            roles += [("consensus",), ("consensus",)]
        case "leave out the admin":
            roles = [each for each in roles if "admin" not in each]
        case "put roles out of order":
            roles.append(("operator", "admin"))
        case "let a worker sign for people":
            roles.append(("analyst", "worker"))
        case "repeat a role":
            roles.append(("analyst", "analyst"))
    pairs = [(KeySpec(key.public, each, "set"), key) for each, key in _fresh(draw, roles)]
    if attack == "bring a key twice":
        pairs.append((KeySpec(pairs[-1][0].public, ("analyst",), "twice"), pairs[-1][1]))
    if attack in KEY_ATTACKS:
        at = draw.rng.randrange(len(pairs))
        pairs[at] = _offered(draw, name, pairs[at], attack)
    keys = new_keys(draw.world.network, draw.other(name) if attack == "borrow a proof" else name, pairs)
    return _proofs_spoiled(draw, keys, name, attack), attack


def _fresh(draw: Drawing, roles: list[tuple[Role, ...]]) -> list[tuple[tuple[Role, ...], SigningKey]]:
    return [(each, draw.fresh()) for each in roles]


def _new_key(draw: Drawing, name: str, roles: tuple[Role, ...], attack: str) -> asked.NewKey:
    """A key with its proof for `name`."""
    key = draw.fresh()
    pair = _offered(draw, name, (KeySpec(key.public, roles, "new"), key), attack)
    keys = new_keys(draw.world.network, draw.other(name) if attack == "borrow a proof" else name, [pair])
    return _proofs_spoiled(draw, keys, name, attack)[0]


def _offered(
    draw: Drawing, name: str, pair: tuple[KeySpec, SigningKey], attack: str
) -> tuple[KeySpec, SigningKey]:
    """The pair with another key in it, where that is the attack; of a weak key nobody has the secret."""
    spec, secret = pair
    ids = {
        "offer a member's key": sorted(draw.identity.keys),
        "offer a waiting key": sorted(draw.identity.held),
        "offer an agent's key": sorted(draw.identity.agents),
        "offer a person's key": sorted(draw.identity.persons_keys),
        "offer an old key": [
            id_ for id_, key in sorted(draw.identity.keys.items()) if key["revoked"] and key["member"] == name
        ],
    }.get(attack)
    if attack == "offer a weak key":
        return KeySpec(draw.pick(weak()), spec.roles, spec.label), secret
    if ids:
        known = {key.key_id: key for key in draw.secrets.values()}
        secret = known[draw.pick(ids)]
        return KeySpec(secret.public, spec.roles, spec.label), secret
    return pair


def _proofs_spoiled(
    draw: Drawing, keys: tuple[asked.NewKey, ...], name: str, attack: str
) -> tuple[asked.NewKey, ...]:
    """The keys with the proof of one of them spoiled, where that is the attack."""
    last = keys[-1]
    if attack == "forge a proof":
        proof = last.possession[:-1] + bytes([last.possession[-1] ^ 1])
        return (*keys[:-1], asked.NewKey(last.public, last.roles, last.label, proof))
    if attack == "carry a key into another set":
        return (*keys[:-1], asked.NewKey(last.public, last.roles, "carried", last.possession))
    return keys
