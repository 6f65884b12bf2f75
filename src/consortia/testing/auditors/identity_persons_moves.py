"""What members, persons and attackers do with persons' keys."""

from consortia.base.codec import encode_record
from consortia.base.hashing import tagged
from consortia.base.keys import SigningKey
from consortia.modules.identity import person_messages as asked
from consortia.modules.identity.person_types import PersonClaim
from consortia.testing.auditors.drawing import Drawing, Move
from consortia.testing.auditors.identity_mandates_moves import AGENTS
from consortia.testing.auditors.points import weak

LABELS = ("ab12", "cd34", "ef56", "0a1b", "2c3d", *AGENTS)
"""Some of them are agents' names too, now and then."""

OFFERS = (
    *("offer a weak key", "offer a member's key", "offer an agent's key", "offer a person's key"),
    *("offer a waiting key", "offer it to another", "offer it under another label", "forge the offer"),
)


def enrol(draw: Drawing) -> Move:
    """Let a person sign."""
    return _enrol(draw, draw.member(), draw.pick(LABELS))


def pile_up_persons(draw: Drawing) -> Move:
    """One person more, for the member that has most."""
    by = max(draw.identity.present(), key=draw.identity.crowd)
    return _enrol(draw, by, f"person-{len(draw.identity.persons)}")


def rekey(draw: Drawing) -> Move:
    """A person takes another key, now and then by the one that it had before."""
    key, (member, label) = a_person(draw)
    attack = draw.attack(*OFFERS)
    return Move(key, (asked.Rekey(*_offer(draw, member, label, attack)),), attack)


def release(draw: Drawing) -> Move:
    """A member lets a person go, or it goes itself."""
    key, (member, label) = a_person(draw)
    attack = draw.attack("release another", "release nobody", "release another member's")
    if attack == "release another":
        label = draw.pick([one for of, one in draw.identity.persons if of == member] or LABELS)
    elif attack == "release nobody":
        label = "nobody"
    by = draw.other(member) if attack == "release another member's" else member
    if attack == "release another member's" or (attack != "release another" and draw.often(0.5)):
        key = draw.signer(by, "operator", "admin")
    return Move(key, (asked.Release(label),), attack)


def pester(draw: Drawing) -> Move:
    """One person sends and sends what is refused."""
    known = sorted(draw.identity.persons_keys.items())
    acting = [public for id_, (*who, public) in known if draw.identity.persons[who[0], who[1]]["key"] == id_]
    key = draw.secrets[acting[0]] if acting else draw.signer(draw.member(), "admin")
    return Move(key, (asked.Release("nobody"),) * 8, "pester")


MOVES = (enrol, enrol, rekey, release, pester, pile_up_persons)


def a_person(draw: Drawing) -> tuple[SigningKey, tuple[str, str]]:
    """A key of a person, mostly one that acts, and who it is; anybody's where there is none."""
    identity = draw.identity
    known = sorted(identity.persons_keys.items())
    acting = [pair for pair in known if identity.persons[pair[1][:2]]["key"] == pair[0]]
    if not known:
        member = draw.member()
        return draw.signer(member, "operator"), (member, draw.pick(LABELS))
    _, (member, label, public) = draw.pick(acting if draw.often(0.9) else known)
    return draw.secrets[public], (member, label)


def _enrol(draw: Drawing, by: str, label: str) -> Move:
    attack = draw.attack(*OFFERS)
    message = asked.Enrol(label, *_offer(draw, by, label, attack))
    return Move(draw.signer(by, "admin", "operator"), (message,), attack)


def _offer(draw: Drawing, member: str, label: str, attack: str) -> tuple[bytes, bytes]:
    """A person's key and the proof that it is held."""
    known = {
        "offer a member's key": sorted(draw.identity.keys),
        "offer an agent's key": sorted(draw.identity.agents),
        "offer a person's key": sorted(draw.identity.persons_keys),
        "offer a waiting key": sorted(draw.identity.held),
    }.get(attack)
    key = draw.fresh()
    if known:
        by_id = {secret.key_id: secret for secret in draw.secrets.values()}
        key = by_id[draw.pick(known)]
    public = draw.pick(weak()) if attack == "offer a weak key" else key.public
    to = draw.other(member) if attack == "offer it to another" else member
    under = "impostor" if attack == "offer it under another label" else label
    claim = PersonClaim(to, under, public)
    proof = key.sign(tagged("consortia/person", draw.world.network + encode_record(claim)))
    return public, bytes([proof[0] ^ 1]) + proof[1:] if attack == "forge the offer" else proof
