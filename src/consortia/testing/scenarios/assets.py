"""What is done to assets, and what they answer."""

from consortia.base.hashing import tagged
from consortia.modules.assets.messages import Grant, MarkErased, NewVersion, Register, Revoke, Withdraw
from consortia.modules.assets.types import Parent, Permission, Right, Rights
from consortia.modules.identity.messages import Leave
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step

ANYBODY = Rights(
    process=(Permission("*", ("diagnosis", "research")),), download=(Permission("*", ("research",)),)
)


def digest(word: str) -> bytes:
    """A commitment to something: 32 bytes that follow from a word."""
    return tagged("consortia/testing/content", word.encode())


def dataset(name: str = "patients", **fields: object) -> Register:
    """The registration of a data set of 100 records about 60 subjects, for its owner alone."""
    usual: dict[str, object] = {
        "kind": "dataset",
        "title": "Patients seen for a lump",
        "form": "set",
        "commitment": digest(name),
        "count": 100,
        "subjects": 60,
        "schema": digest("schema"),
        "parents": (),
        "rights": None,
    }
    return Register(name=name, **(usual | fields))  # type: ignore[arg-type]


def blob(name: str, kind: str = "model", **fields: object) -> Register:
    """The registration of a model or function."""
    return dataset(
        name, **({"kind": kind, "form": "blob", "count": 1, "subjects": None, "schema": None} | fields)
    )


def right(*pairs: tuple[str, str]) -> Right:
    """A right of these (grantee, purpose)."""
    return tuple(Permission(grantee, (purpose,)) for grantee, purpose in pairs)


def registered(bench: Bench, message: Register, member: str = "north") -> bytes:
    """The id of an asset that `member` registers first."""
    bench.ok(member, "operator", message)
    asset = bench.query("assets.by_name", owner=member, name=message.name).asset
    return bytes(asset.id)


def later(asset: bytes, word: str = "more", **fields: object) -> NewVersion:
    """A data set's next version, with ten more records."""
    usual: dict[str, object] = {
        "commitment": digest(word),
        "count": 110,
        "subjects": 62,
        "schema": digest("schema"),
    }
    return NewVersion(asset=asset, **(usual | fields))  # type: ignore[arg-type]


def _registers_dataset(bench: Bench) -> Step:
    return step("north", "operator", dataset())


def _registers_model_of_own(bench: Bench) -> Step:
    parent = registered(bench, dataset())
    return step("north", "analyst", blob("screen", parents=(Parent(parent, 1),)))


def _registers_from_two(bench: Bench) -> Step:
    one = registered(bench, dataset(rights=ANYBODY))
    other = registered(bench, blob("clean", "function", rights=ANYBODY), "east")
    process = right(("north", "research"), ("south", "diagnosis"))
    rights = Rights(process, right(("north", "research")))
    parents = (Parent(one, 1), Parent(other, 1))
    return step("north", "operator", dataset("cleaned", parents=parents, rights=rights))


def _registers_batch(bench: Bench) -> Step:
    batch = dataset("readings", kind="batch", form="batch", subjects=None, count=1_000_000)
    return step("north", "worker", batch)


def _adds_version(bench: Bench) -> Step:
    return step("north", "worker", later(registered(bench, dataset())))


def _grants(bench: Bench) -> Step:
    asset = registered(bench, dataset())
    return step("north", "admin", Grant(asset, "process", right(("east", "diagnosis"), ("*", "research"))))


def _grants_within_bound(bench: Bench) -> Step:
    parent = registered(bench, dataset(rights=ANYBODY))
    rights = Rights(right(("north", "research")), right(("north", "research")))
    model = registered(bench, blob("screen", parents=(Parent(parent, 1),), rights=rights))
    return step("north", "admin", Grant(model, "process", right(("east", "research"))))


def _revokes_purpose(bench: Bench) -> Step:
    asset = registered(bench, dataset(rights=ANYBODY))
    return step("north", "admin", Revoke(asset, "process", ("*",), ("research",)))


def _revokes_all(bench: Bench) -> Step:
    asset = registered(bench, dataset(rights=ANYBODY))
    return step("north", "operator", Revoke(asset, "download", ("*",), None))


def _withdraws(bench: Bench) -> Step:
    return step("north", "trustee", Withdraw(registered(bench, dataset())))


def _marks_erased(bench: Bench) -> Step:
    asset = registered(bench, dataset())
    bench.ok("north", "operator", later(asset))
    return step("north", "worker", MarkErased(asset, 1))


def _marks_erased_after_withdrawal(bench: Bench) -> Step:
    asset = registered(bench, dataset())
    bench.ok("north", "operator", Withdraw(asset))
    return step("north", "operator", MarkErased(asset, 1))


DONE = (
    Scenario("a data set is registered for its owner alone", _registers_dataset),
    Scenario("a model of the owner's data gets what the data allow", _registers_model_of_own),
    Scenario("a data set made from two others keeps within both", _registers_from_two),
    Scenario("a worker registers a million records as one batch", _registers_batch),
    Scenario("rows are appended as a new version", _adds_version),
    Scenario("a member and everyone get purposes", _grants),
    Scenario("a model's rights grow as far as its parent allows", _grants_within_bound),
    Scenario("one purpose is taken from everyone", _revokes_purpose),
    Scenario("a whole permission is taken from everyone", _revokes_all),
    Scenario("a trustee withdraws a data set", _withdraws),
    Scenario("a version is marked as erased", _marks_erased),
    Scenario("a withdrawn data set is marked as erased", _marks_erased_after_withdrawal),
)


def _nothing(bench: Bench) -> Step:
    return step("north", "operator", Withdraw(digest("nothing")))


def _anothers(bench: Bench) -> Step:
    return step("east", "operator", Grant(registered(bench, dataset()), "process", right(("east", "*"))))


def _anothers_withdrawn(bench: Bench) -> Step:
    return step("east", "operator", Withdraw(registered(bench, dataset())))


def _anothers_version(bench: Bench) -> Step:
    return step("east", "operator", later(registered(bench, dataset())))


def _no_version(bench: Bench) -> Step:
    return step("north", "operator", MarkErased(registered(bench, dataset()), 2))


def _withdrawn(bench: Bench) -> bytes:
    asset = registered(bench, dataset(rights=ANYBODY))
    bench.ok("north", "operator", Withdraw(asset))
    return asset


def _withdraws_twice(bench: Bench) -> Step:
    return step("north", "operator", Withdraw(_withdrawn(bench)))


def _grants_withdrawn(bench: Bench) -> Step:
    return step("north", "operator", Grant(_withdrawn(bench), "process", right(("east", "*"))))


def _adds_to_withdrawn(bench: Bench) -> Step:
    return step("north", "operator", later(_withdrawn(bench)))


def _erases_twice(bench: Bench) -> Step:
    asset = registered(bench, dataset())
    bench.ok("north", "operator", MarkErased(asset, 1))
    return step("north", "operator", MarkErased(asset, 1))


def _model_as_set(bench: Bench) -> Step:
    return step("north", "operator", dataset(kind="model"))


def _subjects_of_a_blob(bench: Bench) -> Step:
    return step("north", "operator", blob("screen", subjects=1))


def _set_without_subjects(bench: Bench) -> Step:
    return step("north", "operator", dataset(subjects=None))


def _more_subjects_than_records(bench: Bench) -> Step:
    return step("north", "operator", dataset(subjects=101))


def _new_version_without_subjects(bench: Bench) -> Step:
    return step("north", "operator", later(registered(bench, dataset()), subjects=None))


def _model_version(bench: Bench) -> Step:
    model = registered(bench, blob("screen"))
    return step("north", "operator", later(model, subjects=None))


def _same_version(bench: Bench) -> Step:
    return step("north", "operator", later(registered(bench, dataset()), "patients"))


def _name_twice(bench: Bench) -> Step:
    registered(bench, dataset())
    return step("north", "operator", blob("patients"))


def _rights_for_nobody(bench: Bench) -> Step:
    return step("north", "operator", dataset(rights=Rights(right(("nowhere", "*")), ())))


def _grant_to_former_member(bench: Bench) -> Step:
    asset = registered(bench, dataset())
    bench.ok("west", "admin", Leave(None))
    return step("north", "operator", Grant(asset, "process", right(("west", "*"))))


def _unknown_parent(bench: Bench) -> Step:
    return step("north", "operator", blob("screen", parents=(Parent(digest("nothing"), 1),)))


def _unknown_parent_version(bench: Bench) -> Step:
    parent = registered(bench, dataset())
    return step("north", "operator", blob("screen", parents=(Parent(parent, 2),)))


def _parent_twice(bench: Bench) -> Step:
    parent = registered(bench, dataset())
    bench.ok("north", "operator", later(parent))
    return step("north", "operator", blob("screen", parents=(Parent(parent, 1), Parent(parent, 2))))


def _withdrawn_parent(bench: Bench) -> Step:
    return step("north", "operator", blob("screen", parents=(Parent(_withdrawn(bench), 1),)))


def _erased_parent(bench: Bench) -> Step:
    parent = registered(bench, dataset())
    bench.ok("north", "operator", later(parent), MarkErased(parent, 1))
    return step("north", "operator", blob("screen", parents=(Parent(parent, 1),)))


def _grant_after_parent_is_withdrawn(bench: Bench) -> Step:
    parent = registered(bench, dataset(rights=ANYBODY))
    rights = Rights(right(("north", "research")), right(("north", "research")))
    model = registered(bench, blob("screen", parents=(Parent(parent, 1),), rights=rights))
    bench.ok("north", "operator", Withdraw(parent))
    return step("north", "operator", Grant(model, "process", right(("east", "research"))))


def _closed_parent(bench: Bench) -> Step:
    parent = registered(bench, dataset())
    return step("east", "operator", blob("screen", parents=(Parent(parent, 1),)))


def _locks_itself_out(bench: Bench) -> Step:
    asset = registered(bench, dataset())
    return step("north", "operator", Revoke(asset, "process", ("north",), None))


def _revokes_from_nobody(bench: Bench) -> Step:
    asset = registered(bench, dataset())
    return step("north", "operator", Revoke(asset, "process", ("east",), None))


def _revokes_another_purpose(bench: Bench) -> Step:
    asset = registered(bench, dataset(rights=ANYBODY))
    return step("north", "operator", Revoke(asset, "download", ("*",), ("diagnosis",)))


def _exceeds(bench: Bench) -> Step:
    parent = registered(bench, dataset(rights=ANYBODY))
    rights = Rights(right(("east", "marketing")), ())
    return step("east", "operator", blob("screen", parents=(Parent(parent, 1),), rights=rights))


def _exceeds_by_silence(bench: Bench) -> Step:
    parent = registered(bench, dataset(rights=Rights(right(("east", "research")), ())))
    rights = Rights(right(("east", "research")), ())
    return step("east", "operator", blob("screen", parents=(Parent(parent, 1),), rights=rights))


def _grant_exceeds(bench: Bench) -> Step:
    parent = registered(bench, dataset(rights=Rights(right(("east", "research")), ())))
    model = registered(bench, blob("screen", parents=(Parent(parent, 1),)), "north")
    return step("north", "operator", Grant(model, "process", right(("west", "research"))))


def _too_many_purposes(bench: Bench) -> Step:
    rights = Rights(tuple(Permission("east", (f"purpose-{number}",)) for number in range(17)), ())
    return step("north", "operator", dataset(rights=rights))


def _grants_too_many_purposes(bench: Bench) -> Step:
    first = tuple(f"purpose-{number:02}" for number in range(16))
    asset = registered(bench, dataset(rights=Rights((Permission("east", first),), ())))
    return step("north", "operator", Grant(asset, "process", right(("east", "purpose-16"))))


REFUSED = (
    Scenario("nothing is withdrawn", _nothing, "assets.unknown_asset"),
    Scenario("another's asset granted to oneself", _anothers, "assets.not_owner"),
    Scenario("another's asset withdrawn", _anothers_withdrawn, "assets.not_owner"),
    Scenario("another's data set given a version", _anothers_version, "assets.not_owner"),
    Scenario("a version that is not there erased", _no_version, "assets.unknown_version"),
    Scenario("a second withdrawal", _withdraws_twice, "assets.withdrawn"),
    Scenario("a grant of what is withdrawn", _grants_withdrawn, "assets.withdrawn"),
    Scenario("a version of what is withdrawn", _adds_to_withdrawn, "assets.withdrawn"),
    Scenario("a second erasure", _erases_twice, "assets.already_erased"),
    Scenario("a model committed by subject", _model_as_set, "assets.wrong_form"),
    Scenario("a blob with subjects", _subjects_of_a_blob, "assets.wrong_form"),
    Scenario("a set without a number of subjects", _set_without_subjects, "assets.wrong_form"),
    Scenario("more subjects than records", _more_subjects_than_records, "assets.wrong_form"),
    Scenario("a version that forgets its subjects", _new_version_without_subjects, "assets.wrong_form"),
    Scenario("a model changed under its name", _model_version, "assets.fixed"),
    Scenario("a version without a change", _same_version, "assets.unchanged"),
    Scenario("a name used twice", _name_twice, "assets.name_taken"),
    Scenario("rights for a name that is no member", _rights_for_nobody, "assets.unknown_member"),
    Scenario("a grant to a member that left", _grant_to_former_member, "assets.unknown_member"),
    Scenario("a parent that is not there", _unknown_parent, "assets.unknown_parent"),
    Scenario("a parent's version that is not there", _unknown_parent_version, "assets.unknown_parent"),
    Scenario("two versions of one parent", _parent_twice, "assets.repeated_parent"),
    Scenario("a model of withdrawn data", _withdrawn_parent, "assets.parent_closed"),
    Scenario("a model of erased data", _erased_parent, "assets.parent_closed"),
    Scenario("a grant of a model whose data are withdrawn", _grant_after_parent_is_withdrawn,
             "assets.parent_closed"),
    Scenario("a model of data closed to its maker", _closed_parent, "assets.parent_forbidden"),
    Scenario("an owner locks itself out", _locks_itself_out, "assets.owner_locked_out"),
    Scenario("what nobody holds is revoked", _revokes_from_nobody, "assets.not_granted"),
    Scenario("a purpose that nobody holds is revoked", _revokes_another_purpose, "assets.not_granted"),
    Scenario("a purpose that the data do not allow", _exceeds, "assets.exceeds_parents"),
    Scenario("a model taken home where the data may only be computed on", _exceeds_by_silence,
             "assets.exceeds_parents"),
    Scenario("a model granted further than its data", _grant_exceeds, "assets.exceeds_parents"),
    Scenario("seventeen purposes for one member", _too_many_purposes, "assets.too_many_permissions"),
    Scenario("a seventeenth purpose granted", _grants_too_many_purposes, "assets.too_many_permissions"),
)  # fmt: skip

SCENARIOS = DONE + REFUSED
