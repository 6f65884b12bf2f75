"""The module's tables."""

from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.consent.types import Consent, Count, Cover, Emergencies, Scope, Use

SCOPES = Table("consent", "scopes", Scope, (bytes,), "a data set under consent")
CONSENTS = Table("consent", "consents", Consent, (bytes, bytes, str), "a person's consent to a purpose")
COUNTS = Table("consent", "counts", Count, (bytes, str), "the withdrawals of a purpose")
COVERS = Table("consent", "covers", Cover, (bytes, int, str), "that a version is covered for a purpose")
USES = Table("consent", "uses", Use, (bytes, int), "who asked for whose records, from 0 on")
EMERGENCIES = Table("consent", "emergencies", Emergencies, (bytes, str), "a member's unreviewed emergencies")

TABLES = (SCOPES, CONSENTS, COUNTS, COVERS, USES, EMERGENCIES)


def withdrawn(ctx: Context, dataset: bytes, purpose: str) -> int:
    """How many consents to a purpose were withdrawn so far."""
    found = COUNTS.get(ctx, dataset, purpose)
    return 0 if found is None else found.withdrawn


def unreviewed(ctx: Context, dataset: bytes, member: str) -> int:
    """How many of a member's emergencies wait for their review."""
    found = EMERGENCIES.get(ctx, dataset, member)
    return 0 if found is None else found.unreviewed
