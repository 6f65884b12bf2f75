"""What members and attackers do with assets."""

from consortia.modules.assets import messages as asked
from consortia.modules.assets.types import Form, Grantee, Kind, Parent, Permission, RightName, Rights
from consortia.testing.auditors.assets import Assets
from consortia.testing.auditors.drawing import Drawing, Move
from consortia.testing.auditors.studio import Make

AUTHORS = ("admin", "analyst", "operator", "worker")
KEEPERS = ("admin", "operator")
STOPPERS = ("admin", "approver", "operator", "trustee")
ERASERS = ("admin", "operator", "worker")
PURPOSES = ("*", "diagnosis", "research", "DUO:0000007", "DUO:0000042")
MANY = tuple(f"purpose-{number:02}" for number in range(40))
RIGHTS: tuple[RightName, ...] = ("process", "process", "download")
Shape = tuple[Kind, Form, int, int | None]
SHAPES: tuple[Shape, ...] = (
    *(("dataset", "batch", 9, None), ("dataset", "set", 9, 3), ("model", "blob", 1, None)),
    *(("model", "blob", 1, None), ("dataset", "set", 3, 3), ("dataset", "blob", 4, None)),
    *(("function", "blob", 1, None), ("batch", "batch", 2, None)),
)
WRONG: tuple[Shape, ...] = (
    *(("dataset", "set", 2, 3), ("dataset", "set", 2, None), ("dataset", "batch", 9, 3)),
    *(("model", "batch", 9, None), ("model", "set", 9, 1), ("function", "batch", 1, None)),
    *(("batch", "blob", 1, None), ("batch", "set", 3, 1), ("dataset", "blob", 9, 0)),
)


def assets(draw: Drawing) -> Assets:
    """What the auditor of assets holds."""
    found = draw.world.models["assets"]
    if not isinstance(found, Assets):
        raise TypeError("another stands in the place of assets")
    return found


def register(draw: Drawing) -> Move:
    """A new asset."""
    return _register(draw, draw.member(), (), draw.attack("misname the form"))


def derive(draw: Drawing) -> Move:
    """A new asset, made from others."""
    by = draw.member()
    attack = draw.attack("derive from what is not there", "name a parent twice", "launder rights")
    parents = [_parent(draw, by) for _ in range(draw.rng.randint(1, 3))]
    if attack == "derive from what is not there":
        asset = draw.digest() if draw.often(0.5) else parents[0].asset
        parents.append(Parent(asset, draw.pick((0, 7, 1 << 31))))
    elif attack == "name a parent twice":
        parents.append(Parent(parents[0].asset, draw.pick((1, parents[0].version))))
    else:
        parents = list({parent.asset: parent for parent in parents}.values())
    return _register(draw, by, tuple(parents), attack)


def new_version(draw: Drawing) -> Move:
    """A data set goes on."""
    by, asset = _whose(draw)
    thing = assets(draw).things.get(asset, {"form": "set"})
    attack = draw.attack("commit to the same again", "count no subjects", "act on another's")
    subjects = 2 if (thing["form"] == "set") is (attack != "count no subjects") else None
    same = attack == "commit to the same again" and asset in assets(draw).versions
    commitment = assets(draw).versions[asset][-1]["commitment"] if same else draw.digest()
    message = asked.NewVersion(asset, commitment, draw.pick((1, 9)), subjects, None)
    return Move(draw.signer(_hand(draw, by, attack), *AUTHORS), (message,), attack)


def grant(draw: Drawing) -> Move:
    """More for others."""
    by, asset = _whose(draw)
    attack = draw.attack("grant to nobody", "pile up purposes", "act on another's")
    permissions = _permissions(draw, 2) or (Permission("*", ("research",)),)
    if attack == "grant to nobody":
        permissions = (*permissions, Permission(draw.pick(("nobody", draw.guest())), ("research",)))
    if attack == "pile up purposes":
        permissions = (Permission(by, tuple(draw.rng.sample(MANY, 16))),)
    message = asked.Grant(asset, draw.pick(RIGHTS), permissions)
    return Move(draw.signer(_hand(draw, by, attack), *KEEPERS), (message,), attack)


def pile_up_purposes(draw: Drawing) -> Move:
    """More purposes for one right, until it holds no more."""
    by, asset = _whose(draw)
    message = asked.Grant(asset, "process", (Permission("*", tuple(draw.rng.sample(MANY, 12))),))
    return Move(draw.signer(by, *KEEPERS), (message,), "pile up purposes")


def revoke(draw: Drawing) -> Move:
    """Less for others."""
    by, asset = _whose(draw)
    attack = draw.attack("lock the owner out", "take what nobody has", "act on another's")
    right = draw.pick(RIGHTS)
    held = assets(draw).rights.get(asset, {}).get(right, {})
    others = sorted(who for who in held if who != by) or [draw.somebody()]
    who: tuple[Grantee, ...] = tuple(draw.rng.sample(others, draw.rng.randint(1, min(2, len(others)))))
    if attack == "lock the owner out":
        who = (*who, by)
    elif attack == "take what nobody has":
        who = (*who, "nobody")
    purposes = tuple(sorted(held.get(who[0], {"research"})))[: draw.pick((1, 16))]
    message = asked.Revoke(asset, right, who, purposes if draw.often(0.4) else None)
    return Move(draw.signer(_hand(draw, by, attack), *KEEPERS), (message,), attack)


def withdraw(draw: Drawing) -> Move:
    """Close an asset."""
    by, asset = _whose(draw)
    attack = draw.attack("act on another's")
    return Move(draw.signer(_hand(draw, by, attack), *STOPPERS), (asked.Withdraw(asset),), attack)


def mark_erased(draw: Drawing) -> Move:
    """Erase a version."""
    by, asset = _whose(draw)
    attack = draw.attack("act on another's", "erase what is not there")
    standing = len(assets(draw).versions.get(asset, []))
    version = (
        draw.pick((0, standing + 1))
        if attack == "erase what is not there"
        else draw.rng.randint(1, 1 + standing // 2)
    )
    return Move(draw.signer(_hand(draw, by, attack), *ERASERS), (asked.MarkErased(asset, version),), attack)


def make(draw: Drawing) -> Move:
    """A model that members' data made together."""
    by = draw.member()
    attack = draw.attack("make it from what is not there", "sum a data set twice")
    parents = [_parent(draw, by) for _ in range(draw.rng.randint(1, 4))]
    parents = list({parent.asset: parent for parent in parents}.values())
    if attack == "make it from what is not there":
        parents.append(Parent(draw.digest(), 1) if draw.often(0.5) else Parent(parents[0].asset, 99))
    if attack == "sum a data set twice":
        parents.append(parents[0])
    start = draw.pick((0, 0, 1)) if len(parents) > 1 else draw.pick((0, 1))
    message = Make(
        _name(draw), draw.digest(), 9, draw.digest(), tuple(parents[start:]), tuple(parents[:start])
    )
    return Move(draw.signer(by, "operator", "worker"), (message,), attack)


MOVES = (
    *(register, register, derive, derive, new_version, grant, grant, pile_up_purposes),
    *(revoke, withdraw, mark_erased, make),
)


def _register(draw: Drawing, by: str, parents: tuple[Parent, ...], attack: str) -> Move:
    kind, form, count, subjects = draw.pick(WRONG if attack == "misname the form" else SHAPES)
    rights = None
    if attack == "launder rights":
        rights = Rights((Permission("*", ("*",)),), ())
    elif draw.often(0.4):
        rights = Rights(_permissions(draw, 3), _permissions(draw, 3))
    schema = draw.pick((None, bytes(32)))
    message = asked.Register(
        _name(draw), kind, "Rows", form, draw.digest(), count, subjects, schema, parents, rights
    )
    return Move(draw.signer(by, *AUTHORS), (message,), attack)


def _name(draw: Drawing) -> str:
    return f"asset-{draw.rng.randrange(120)}" + draw.pick(("", "-with-a-longer-name"))


def _permissions(draw: Drawing, most: int) -> tuple[Permission, ...]:
    """Some permissions, as untidy as a message may have them."""
    return tuple(
        Permission(
            "*"
            if draw.often(0.2)
            else draw.somebody()
            if draw.often(0.15)
            else draw.pick(draw.identity.present()),
            tuple(draw.rng.choices(PURPOSES, k=draw.rng.randint(1, 3))),
        )
        for _ in range(draw.rng.randint(0, most))
    )


def _parent(draw: Drawing, by: str) -> Parent:
    """Something to make another from: mostly what `by` may process."""
    held = assets(draw)
    recent = sorted(held.things, key=lambda id_: (held.things[id_]["height"], id_))[-40:]
    usable = [id_ for id_ in recent if {by, "*"} & set(held.rights[id_]["process"])]
    asset = draw.pick((usable if usable and draw.often(0.85) else recent) or [draw.digest()])
    return Parent(asset, draw.rng.randint(1, max(1, len(held.versions.get(asset, [])))))


def _whose(draw: Drawing) -> tuple[str, bytes]:
    """An asset and its owner; now and then one that is not there."""
    things = assets(draw).things
    if not things or draw.often(0.03):
        return draw.member(), draw.digest()
    recent = sorted(things, key=lambda id_: (things[id_]["height"], id_))[-40:]
    asset = draw.pick(recent)
    return things[asset]["owner"], asset


def _hand(draw: Drawing, owner: str, attack: str) -> str:
    """Who signs: the owner, or another where that is the attack."""
    return draw.other(owner) if attack == "act on another's" else owner
