"""What holds after every block."""

from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.consent.ports import Ports
from consortia.modules.consent.state import CONSENTS, COUNTS, COVERS, EMERGENCIES, SCOPES, USES


def scoped(ctx: Context, ports: Ports) -> str | None:
    """Consents, covers and uses are of data sets under consent, and the scope is their owner's."""
    scopes = {key[0]: each for key, each in SCOPES.scan(ctx)}
    for dataset, each in scopes.items():
        data = ports.assets.dataset(ctx, bytes(dataset)) if isinstance(dataset, bytes) else None
        if data is None or data.owner != each.owner:
            return "a data set under consent is not its owner's"
    for table in (CONSENTS, COUNTS, COVERS, USES, EMERGENCIES):
        if any(key[0] not in scopes for key, _ in table.scan(ctx)):
            return f"an entry of {table.name} is of a data set that stands under no consent"
    return None


def counted(ctx: Context, ports: Ports) -> str | None:
    """Withdrawals are counted, and no cover counts more of them than there were."""
    counts = {key: each.withdrawn for key, each in COUNTS.scan(ctx)}
    gone: dict[tuple[object, object], int] = {}
    for key, consent in CONSENTS.scan(ctx):
        if consent.withdrawn is not None:
            gone[key[0], key[2]] = gone.get((key[0], key[2]), 0) + 1
    if any(counts.get((key[0], key[1]), 0) < number for key, number in gone.items()):  # type: ignore[arg-type]
        return "a withdrawal is not counted"
    if any(each.withdrawn > counts.get((key[0], key[2]), 0) for key, each in COVERS.scan(ctx)):
        return "a cover counts withdrawals that never were"
    return None


def logged(ctx: Context, ports: Ports) -> str | None:
    """The log of uses has no gaps, and the emergencies without a review are counted."""
    places: dict[object, int] = {}
    waiting: dict[tuple[object, object], int] = {}
    for key, use in USES.scan(ctx):
        places[key[0]] = places.get(key[0], 0) + 1
        if use.purpose is None and use.justified is None:
            waiting[key[0], use.member] = waiting.get((key[0], use.member), 0) + 1
    if {key[0]: each.uses for key, each in SCOPES.scan(ctx) if each.uses} != places:
        return "the scopes do not count the uses"
    kept = {(key[0], key[1]): each.unreviewed for key, each in EMERGENCIES.scan(ctx) if each.unreviewed}
    return None if kept == waiting else "the emergencies without a review are not counted"


INVARIANTS = (Invariant("scoped", scoped), Invariant("counted", counted), Invariant("logged", logged))
