"""What members, agents and attackers do with mandates."""

from consortia.base.codec import encode_record
from consortia.base.hashing import tagged
from consortia.base.keys import SigningKey
from consortia.modules.identity import mandate_messages as asked
from consortia.modules.identity.mandate_types import AgentClaim, Cap, Pin
from consortia.modules.predictions.messages import Act
from consortia.modules.predictions.types import Account
from consortia.testing.auditors import Plain
from consortia.testing.auditors.drawing import HOUR, Drawing, Move
from consortia.testing.auditors.points import weak
from consortia.testing.auditors.till import Spend

DAY = 24 * HOUR
LATEST = 90 * DAY
AGENTS = ("broker", "clerk", "scout")
UNITS = tuple(tagged("consortia/testing/unit", bytes([number])) for number in range(3))
METHODS = ("identity.end_mandate", "predictions.record_batch", "till.spend")
CLASSES = ("budget", "release", "routine")
KEY_ATTACKS = (
    *("bring a weak key", "bring a member's key", "bring an old agent's key", "bring a waiting key"),
    "bring a person's key",
    *("bring a proof for another", "bring a proof under another name", "forge a proof"),
)
ATTACKS = (
    *(
        "grant for ever",
        "grant what is over",
        "disorder the methods",
        "name a class twice",
        "cap a unit twice",
    ),
    *("cap the act above the window", *KEY_ATTACKS),
)


def grant_mandate(draw: Drawing) -> Move:
    """Let an agent act."""
    return _grant(draw, draw.pick(AGENTS))


def pile_up_agents(draw: Drawing) -> Move:
    """Let one more agent act, for the member that has most."""
    by = max(draw.identity.present(), key=lambda name: len(draw.identity.newest(name)))
    return _grant(draw, f"agent-{len(draw.identity.newest(by))}", by)


def end_mandate(draw: Drawing) -> Move:
    """End an agent's mandate, with any key of its owner."""
    attack = draw.attack("end another's mandate", "end no mandate", "end an ended mandate", "end one's own")
    known = sorted(draw.identity.mandates.items())
    standing = [(id_, one) for id_, one in known if draw.identity.stands(id_, draw.time)]
    if not known or attack == "end no mandate":
        id_, owner = draw.digest(), draw.member()
    else:
        over = [pair for pair in known if pair not in standing]
        id_, mandate = draw.pick((over if attack == "end an ended mandate" else standing) or known)
        owner = mandate["owner"]
    if attack == "end another's mandate":
        owner = draw.other(owner)
    key = _agent_key(draw, id_) if attack == "end one's own" and id_ in draw.identity.mandates else None
    keys = draw.identity.active(owner)
    own = {secret.key_id: secret for secret in draw.secrets.values()}
    signer = key or (own[draw.pick(keys)] if keys else draw.signer(owner, "admin"))
    return Move(signer, (asked.EndMandate(id_),), attack)


def spend(draw: Drawing) -> Move:
    """An agent spends something, at and beyond its caps."""
    key, mandate = an_agent(draw)
    caps = [] if mandate is None else mandate["caps"]
    attack = draw.attack(
        *("spend what has no cap", "spend in parts", "spend without an account", "account twice")
    )
    if not caps or mandate is None or attack == "spend what has no cap":
        return Move(key, (Act(account(draw)), Spend(draw.pick(UNITS), draw.rng.randint(1, 50))), attack)
    cap = draw.pick(caps)
    amounts = [1, cap["per_act"], cap["per_act"], cap["per_act"] + 1, *_room(draw, mandate, cap)]
    parts = draw.rng.randint(2, 3) if attack == "spend in parts" else 1
    spends = tuple(Spend(cap["unit"], max(1, draw.pick(amounts))) for _ in range(parts))
    if attack == "spend without an account":
        return Move(key, spends, attack)
    twice = (Act(account(draw)),) if attack == "account twice" else ()
    return Move(key, (Act(account(draw)), *spends, *twice), attack)


def spend_as_a_person(draw: Drawing) -> Move:
    """A person spends, as much as it likes."""
    return Move(draw.signer(draw.member(), "operator"), (Spend(draw.pick(UNITS), 1 << 40),))


MOVES = (grant_mandate, grant_mandate, end_mandate, spend, spend, spend_as_a_person)


def an_agent(draw: Drawing, *, waiting: bool = False) -> tuple[SigningKey, Plain | None]:
    """The key of an agent, mostly of one that may act, and its mandate; anybody's where there is none."""
    identity = draw.identity
    known = sorted(identity.agents.items())
    acting = [
        pair
        for pair in known
        if identity.stands(pair[1]["mandate"], draw.time)
        and (identity.mandates[pair[1]["mandate"]]["delay"] > 0) is waiting
    ]
    if not known:
        return draw.signer(draw.member(), "operator"), None
    _, agent = draw.pick(acting if acting and draw.often(0.95) else known)
    return draw.secrets[agent["public"]], identity.mandates[agent["mandate"]]


def account(draw: Drawing) -> Account:
    """How an agent accounts for an act."""
    stated = draw.pick((0, 1_000_000, draw.rng.randint(0, 1_000_000)))
    opened = draw.digest() if draw.often(0.3) else None
    purpose = draw.pick(("diagnosis", "research", "DUO:0000007"))
    digests = (draw.digest(), draw.digest())
    return Account(*digests, purpose, draw.digest(), draw.digest(), stated, opened)


def _grant(draw: Drawing, agent: str, by: str | None = None) -> Move:
    by = by or draw.member()
    attack = draw.attack(*ATTACKS)
    expires = draw.time + draw.pick((0, HOUR, DAY, DAY, LATEST))
    spoiled = {"grant for ever": draw.time + LATEST + 1, "grant what is over": draw.time - 1}
    expires = spoiled.get(attack, expires)
    methods = tuple(sorted({*draw.rng.sample(METHODS, draw.rng.randint(1, 3)), "till.spend"}))
    classes = tuple(sorted(draw.rng.sample(CLASSES, draw.rng.randint(0, 2))))
    caps = tuple(_cap(draw, unit) for unit in sorted(draw.rng.sample(UNITS, draw.rng.randint(0, 2))))
    if attack == "disorder the methods":
        methods = ("till.spend", "predictions.record_batch")
    elif attack == "name a class twice":
        classes = ("routine", "routine")
    elif attack == "cap a unit twice":
        caps = (_cap(draw, UNITS[0]), _cap(draw, UNITS[0]))
    elif attack == "cap the act above the window":
        caps = (Cap(UNITS[0], 5, 4),)
    public, possession = _key(draw, by, agent, attack)
    message = asked.GrantMandate(
        agent=agent,
        key=public,
        possession=possession,
        pin=_pin(draw),
        methods=methods,
        classes=classes,
        caps=caps,
        window=draw.pick((1, 1_000, 60_000, HOUR, 31 * DAY)),
        delay=draw.pick((0, 0, 0, 1, 60_000, HOUR)),
        expires=expires,
    )
    return Move(draw.signer(by, "admin"), (message,), attack)


def _cap(draw: Drawing, unit: bytes) -> Cap:
    per_act = draw.pick((0, 10, 100))
    return Cap(unit, per_act, per_act + draw.pick((0, 5, 30)))


def _pin(draw: Drawing) -> Pin:
    """Mostly a program; otherwise something that may be a model, of that content or of another."""
    assets = draw.world.models["assets"]
    models = sorted(getattr(assets, "things", {}))
    if not models or draw.often(0.6):
        return Pin(None, draw.pick((bytes(32), draw.digest())))
    asset = draw.pick(models)
    version = getattr(assets, "versions", {})[asset][-1]
    content = version["commitment"] if draw.often(0.9) else draw.digest()
    return Pin(asset if draw.often(0.95) else draw.digest(), content)


def _key(draw: Drawing, by: str, agent: str, attack: str) -> tuple[bytes, bytes]:
    """An agent's key and the proof that it is held."""
    key = draw.fresh()
    known = {
        "bring a member's key": sorted(draw.identity.keys),
        "bring an old agent's key": sorted(draw.identity.agents),
        "bring a waiting key": sorted(draw.identity.held),
        "bring a person's key": sorted(draw.identity.persons_keys),
    }.get(attack)
    if known:
        by_id = {secret.key_id: secret for secret in draw.secrets.values()}
        key = by_id[draw.pick(known)]
    public = draw.pick(weak()) if attack == "bring a weak key" else key.public
    owner = draw.other(by) if attack == "bring a proof for another" else by
    name = "impostor" if attack == "bring a proof under another name" else agent
    claim = AgentClaim(owner, name, public)
    proof = key.sign(tagged("consortia/agent", draw.world.network + encode_record(claim)))
    return public, bytes([proof[0] ^ 1]) + proof[1:] if attack == "forge a proof" else proof


def _agent_key(draw: Drawing, mandate: bytes) -> SigningKey:
    agents = draw.identity.agents.values()
    return next(draw.secrets[one["public"]] for one in agents if one["mandate"] == mandate)


def _room(draw: Drawing, mandate: Plain, cap: Plain) -> list[int]:
    """What is left of a window now, and one more."""
    payments = draw.identity.paid.get((mandate["owner"], cap["unit"]), [])
    since = draw.time - mandate["window"]
    left = cap["per_window"] - sum(amount for time, amount, _ in payments if time > since)
    return [left, left + 1]
