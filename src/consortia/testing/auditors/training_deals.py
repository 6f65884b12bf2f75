"""What members send in the steps of a round, honest and hostile.

Every secret is a hash of the member and the round, so that worlds repeat.
"""

from msgspec.structs import replace

from consortia.base.codec import Record
from consortia.base.hashing import tagged
from consortia.base.keys import SigningKey
from consortia.base.sealing import agree, public_of, seal
from consortia.base.shares import SHARE_BYTES, Bundle, sealing_info, seed_hash, share_hash
from consortia.exact.graph import groups, neighbours
from consortia.exact.shamir import PRIME, split
from consortia.modules.training import messages as asked
from consortia.modules.training.types import PlainShares, SealedShares, Share
from consortia.testing.auditors import Plain
from consortia.testing.auditors.drawing import Drawing, Move
from consortia.testing.auditors.training import Training

ANYWHERE = ("replay an earlier round", "do it for another", "be late or early")
ATTACKS = {
    "keys": ("publish a weak key", "publish one key twice", "copy another's key"),
    "shares": (
        *("garble a share", "garble a share", "deal falsely", "deal falsely"),
        *("deal to too few", "deal among other keys", "deal among other keys"),
    ),
    "seal": ("copy another's seal", "seal again"),
    "submit": (
        *("tell another size", "be held by too few", "forge a holder", "hold by an outsider"),
        *("show another's update", "keep the salt back", "bring a salt"),
        *("complain again", "complain of oneself", "answer nobody", "submit again"),
    ),
    "reveal": (
        "reveal the other kind",
        "reveal a false share",
        "reveal out of order",
        "reveal for a stranger",
    ),
    "commit": ("lie", "lie", "lie", "copy another's commitment", "commit again"),
    "open": ("open another result", "open without commitment"),
}
"""The attacks on each step, and those on any."""

NO_STATE = bytes(32)
SELDOM = 40
"""In so many of 256 tries the sum leads to no other state."""


def secret(round_id: bytes, member: str, what: str) -> bytes:
    """One of a member's secrets of a round."""
    return tagged("consortia/testing", round_id + f"{what} of {member}".encode())


def keys(study: bytes, round_id: bytes, member: str) -> asked.PublishKeys:
    """A member's keys for a try."""
    public = [public_of(secret(round_id, member, what)) for what in ("masking", "sealing")]
    hidden = seed_hash(round_id, member, secret(round_id, member, "seed"))
    return asked.PublishKeys(study, round_id, public[0], public[1], hidden)


def near(this: Plain, dealer: str) -> list[str]:
    """A dealer's holders."""
    keyed = this["keyed"]
    drawn = groups(len(keyed), this["group"], this["graph"]) if this["group"] else None
    place = keyed.index(dealer)
    if drawn is not None:
        return [keyed[index] for index in next(group for group in drawn if place in group)]
    return [keyed[index] for index in neighbours(len(keyed), this["graph"])[place]]


def bundle(this: Plain, dealer: str, holder: str, *, false: bool = False) -> Bundle:
    """What a dealer gives a holder; a false dealer shares another seed than it had fixed."""
    holders = near(this, dealer)
    needed, place = 2 * len(holders) // 3 + 1, holders.index(holder)
    points = [this["keyed"].index(name) + 1 for name in holders]
    shares = []
    for what in ("seed", "masking"):
        powers = [secret(this["id"], dealer, f"{what} {power}") * 2 for power in range(1, needed)]
        value = secret(this["id"], dealer, what)
        rest = [int.from_bytes(power, "big") % PRIME for power in powers]
        shares.append(split(value, needed, points, rest)[place])
    if false:
        raised = [(int.from_bytes(share, "big") + 1) % PRIME for share in shares]
        shares = [share.to_bytes(SHARE_BYTES, "big") for share in raised]
    salts = [secret(this["id"], dealer, f"{what} salt {holder}") for what in ("seed", "masking")]
    return Bundle(shares[0], shares[1], salts[0], salts[1])


def sealed(this: Plain, dealer: str, holder: str, *, false: bool = False) -> SealedShares:
    """What stands on the ledger of a bundle."""
    given = bundle(this, dealer, holder, false=false)
    info = sealing_info(this["id"], dealer, holder)
    public = public_of(secret(this["id"], holder, "sealing"))
    at = (this["id"], dealer, holder)
    return SealedShares(
        share_hash(*at, "seed", salt=given.seed_salt, share=given.seed_share),
        share_hash(*at, "key", salt=given.key_salt, share=given.key_share),
        seal(agree(secret(this["id"], dealer, "sealing"), public, info), given.pack(), info),
    )


def complaint(this: Plain, dealer: str) -> asked.Complain:
    """A holder complains of a dealer."""
    return asked.Complain(this["study"], this["id"], dealer)


def answers_end(this: Plain) -> int:
    """The block time from which a try takes no answers."""
    end: int = this["time"] + 3 * (this["deadline"] - this["time"]) // 4
    return end


def answer(draw: Drawing, this: Plain, dealer: str, holder: str) -> Move:
    """A dealer answers a holder, as far as it is able to."""
    known = holder in this["keyed"] and dealer in this["keyed"] and holder in near(this, dealer)
    given = bundle(this, dealer, holder, false=_dealt_falsely(draw, this, dealer, holder)) if known else None
    attack = draw.attack("answer with a false share", "answer with another salt")
    shares = PlainShares(bytes(66), bytes(66), bytes(32), bytes(32))
    if given is not None:
        shares = PlainShares(given.seed_share, given.key_share, given.seed_salt, given.key_salt)
    if attack == "answer with a false share":
        shares = draw.pick((replace(shares, seed_share=bytes(66)), replace(shares, key_share=bytes(66))))
    elif attack == "answer with another salt":
        shares = draw.pick((replace(shares, seed_salt=bytes(32)), replace(shares, key_salt=bytes(32))))
    message = asked.Answer(this["study"], this["id"], holder, shares)
    return Move(draw.signer(dealer, "worker"), (message,), attack)


def is_garbled(draw: Drawing, this: Plain, dealer: str, holder: str) -> bool:
    """Whether what a dealer dealt to a holder does not open as committed."""
    if holder not in near(this, dealer):
        return False
    place = near(this, dealer).index(holder)
    dealt = _kept(draw, "dealing", this)[dealer]["shares"][place]
    return not any(dealt["sealed"] == sealed(this, dealer, holder, false=one).sealed for one in (False, True))


def act(draw: Drawing, this: Plain, by: str, attack: str) -> Move:
    """What is due in the step, by `by`; or an attack on it."""
    step, signer = this["step"], by
    if attack == "do it for another":
        signer = draw.other(by)
    if attack == "be late or early":
        step = draw.pick(tuple(ATTACKS))
    message = _SAYS[step](draw, this, by, attack)
    if attack == "replay an earlier round":
        ids = sorted(other["id"] for other in draw.world.models["training"].rounds.values())  # type: ignore[attr-defined]
        message = replace(message, round=draw.pick(ids))
    return Move(draw.signer(signer, "worker"), (message,), attack)


def _publish(draw: Drawing, this: Plain, by: str, attack: str) -> Record:
    honest = keys(this["study"], this["id"], by)
    if attack == "publish a weak key":
        weak = draw.pick((bytes(32), b"\x01" + bytes(31), b"\xff" * 32))
        return replace(honest, sealing=weak) if draw.often(0.5) else replace(honest, masking=weak)
    if attack == "publish one key twice":
        return replace(honest, sealing=honest.masking)
    if attack == "copy another's key":
        other = keys(this["study"], this["id"], draw.other(by))
        return replace(honest, sealing=draw.pick((other.masking, other.sealing)))
    return honest


def _deal(draw: Drawing, this: Plain, by: str, attack: str) -> Record:
    if by not in this["keyed"]:
        some = (SealedShares(bytes(32), bytes(32), bytes(212)),)
        return asked.DealShares(this["study"], this["id"], bytes(32), some)
    holders = near(this, by)
    entries = [sealed(this, by, name, false=attack == "deal falsely") for name in holders]
    if attack == "garble a share":
        place = draw.rng.randrange(len(holders))
        spoiled = draw.pick(
            (
                replace(entries[place], sealed=bytes(212)),
                replace(entries[place], seed=bytes(32)),
                replace(entries[place], key=bytes(32)),
            )
        )
        entries[place] = spoiled
    elif attack == "deal to too few":
        entries = entries[:-1] or entries * 2
    graph = tagged("consortia/testing", b"graph") if attack == "deal among other keys" else this["graph"]
    return asked.DealShares(this["study"], this["id"], graph or bytes(32), tuple(entries))


def _is_sealed(draw: Drawing, this: Plain) -> bool:
    return bool(_training(draw).stage_of(this["study"], this["index"])[1]["mode"] == "sealed")


def _first(draw: Drawing, this: Plain) -> bytes:
    """The id of a round's first try."""
    return _training(draw).round_id(this["study"], this["index"], 0)


def _seal(draw: Drawing, this: Plain, by: str, attack: str) -> Record:
    first = _first(draw, this)
    text = first + by.encode() + secret(first, by, "blob") + secret(first, by, "salt")
    commitment, others = tagged("consortia/update-seal", text), _training(draw).seals(this)
    if attack == "copy another's seal" and others:
        commitment = others[draw.pick(sorted(others))]["commitment"]
    return asked.Seal(this["study"], this["id"], commitment)


def _submit(draw: Drawing, this: Plain, by: str, attack: str) -> Record:
    if attack.startswith("complain"):
        dealer = by if attack == "complain of oneself" else draw.other(by)
        return complaint(this, dealer)
    if attack == "answer nobody":
        return answer(draw, this, by, draw.other(by)).messages[0]
    members, size = this["members"], 32
    sealed_first, first = _is_sealed(draw, this), _first(draw, this)
    shown = draw.other(by) if attack == "show another's update" else by
    blob = secret(first if sealed_first else this["id"], shown, "blob")
    enough = 2 * len(members) // 3 + 1
    count = draw.rng.randint(enough, len(members))
    names = sorted({by, *draw.rng.sample(members, count)}) if by in members else [*members]
    if attack == "be held by too few":
        few = [
            [*names[: enough - 1]],
            names[::-1],
            [*names, names[-1]],
            [name for name in members if name != by],
        ]
        names = draw.pick(few) or names
    elif attack == "hold by an outsider":
        names = sorted({*names, draw.somebody()})
    elif attack == "tell another size":
        size = draw.pick((0, 31, 64))
    network = draw.world.network
    text = network + this["study"] + this["id"] + by.encode() + blob + size.to_bytes(8, "big")
    told = tagged("consortia/availability", text)
    held = [asked.Availability(name, _node(draw, name).sign(told)) for name in names]
    if attack == "forge a holder":
        place = draw.rng.randrange(len(held))
        other = draw.signer(held[place].member, "worker").sign(told)
        held[place] = replace(held[place], signature=draw.pick((other, bytes(64))))
    if sealed_first is not (attack in {"keep the salt back", "bring a salt"}):
        salt = secret(first, by, "salt")
        return asked.Unseal(this["study"], this["id"], blob, size, salt, tuple(held))
    return asked.Submit(this["study"], this["id"], blob, size, tuple(held))


def _reveal(draw: Drawing, this: Plain, by: str, attack: str) -> Record:
    held = [name for name in this["dealers"] if by in this["keyed"] and by in near(this, name)]
    shares = [_share(draw, this, name, by, other=attack == "reveal the other kind") for name in held]
    shares = shares or [Share(by, bytes(66), bytes(32))]
    if attack == "reveal a false share":
        shares[-1] = replace(shares[-1], salt=bytes(32))
    elif attack == "reveal out of order":
        shares = draw.pick((shares[::-1], [*shares, shares[-1]]))
    elif attack == "reveal for a stranger":
        shares[-1] = replace(shares[-1], dealer="zz-nobody")
    elif draw.often(0.15):
        shares = draw.rng.sample(shares, draw.rng.randint(1, len(shares)))
        shares.sort(key=lambda one: one.dealer)
    return asked.Reveal(this["study"], this["id"], tuple(shares))


def _share(draw: Drawing, this: Plain, dealer: str, holder: str, *, other: bool) -> Share:
    false = _dealt_falsely(draw, this, dealer, holder)
    given = bundle(this, dealer, holder, false=false)
    if (dealer in this["cohort"]) is not other:
        return Share(dealer, given.seed_share, given.seed_salt)
    return Share(dealer, given.key_share, given.key_salt)


def _dealt_falsely(draw: Drawing, this: Plain, dealer: str, holder: str) -> bool:
    dealt = _kept(draw, "dealing", this).get(dealer)
    if dealt is None:
        return False
    place = near(this, dealer).index(holder)
    return bool(dealt["shares"][place]["sealed"] == sealed(this, dealer, holder, false=True).sealed)


def outcome(this: Plain, what: str = "true") -> tuple[bytes, bytes]:
    """The blob ids of a sum and of the state after it: in some tries there is none, or it is as before."""
    total, state = secret(this["id"], what, "sum"), secret(this["id"], what, "state")
    if what == "true" and total[0] < SELDOM:
        state = NO_STATE if total[0] % 2 else this["state"]
    return total, state


def _result(this: Plain, member: str, result: tuple[bytes, bytes]) -> bytes:
    return tagged("consortia/result", this["id"] + member.encode() + result[0] + result[1])


def _commit(draw: Drawing, this: Plain, by: str, attack: str) -> Record:
    result = outcome(this, draw.pick(("false", by))) if attack == "lie" else outcome(this)
    if attack == "lie" and draw.often(0.3):
        result = (result[0], NO_STATE)
    commitment = _result(this, by, result)
    others = _kept(draw, "result", this)
    if attack == "copy another's commitment" and others:
        commitment = others[draw.pick(sorted(others))]["commitment"]
    return asked.CommitResult(this["study"], this["id"], commitment)


def _open(draw: Drawing, this: Plain, by: str, attack: str) -> Record:
    own = _kept(draw, "result", this).get(by)
    false, lie = outcome(this, "false"), outcome(this, by)
    known = [outcome(this), false, lie, (false[0], NO_STATE), (lie[0], NO_STATE)]
    mine = [each for each in known if own is not None and own["commitment"] == _result(this, by, each)]
    false_one = attack == "open another result" or draw.often(0.15)
    result = mine[0] if mine and not false_one else draw.pick(known)
    return asked.OpenResult(this["study"], this["id"], *result)


_SAYS = {
    "keys": _publish,
    "shares": _deal,
    "seal": _seal,
    "submit": _submit,
    "reveal": _reveal,
    "commit": _commit,
    "open": _open,
}


def _kept(draw: Drawing, table: str, this: Plain) -> dict[str, Plain]:
    return _training(draw).did(table, this)


def _training(draw: Drawing) -> Training:
    model = draw.world.models["training"]
    if not isinstance(model, Training):
        raise TypeError("another stands in the place of training")
    return model


def _node(draw: Drawing, name: str) -> SigningKey:
    member = draw.identity.members.get(name)
    if member is None:
        return draw.fresh()
    return draw.secrets[draw.identity.keys[member["node"]]["public"]]
