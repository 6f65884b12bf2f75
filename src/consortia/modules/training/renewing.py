"""How a member goes on with a newer version of its data set, and where consent decides whether it may."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.training import refusals as codes
from consortia.modules.training.events import PartRenewed
from consortia.modules.training.messages import Renew
from consortia.modules.training.ports import Ports
from consortia.modules.training.state import BROUGHT, JOINS, PROGRESS, STUDIES, brought_at
from consortia.modules.training.types import Brought, Joined, Study


def renew(ctx: Context, message: Renew, ports: Ports) -> None:
    """Take down what a member brings from the next round on: no more records than the others agreed to."""
    # CHECK
    study, progress = STUDIES.get(ctx, message.study), PROGRESS.get(ctx, message.study)
    if study is None or progress is None:
        raise Refused(codes.UNKNOWN_STUDY, message.study.hex())
    require(progress.round is not None, codes.NOT_RUNNING)
    member = ctx.signer.member
    part = JOINS.get(ctx, study.id, member)
    if part is None or part.until is not None:
        raise Refused(codes.NOT_JOINED, member)
    data = ports.assets.dataset(ctx, part.dataset, message.version)
    if data is None:
        raise Refused(codes.UNKNOWN_DATASET, part.dataset.hex())
    require(data.usable, codes.DATASET_CLOSED)
    most = min(data.records, part.records)
    require(message.records <= most, codes.BAD_RECORDS, f"{message.records} of {most}")
    newest = part_at(ctx, study.id, member, part, progress.index + 1).version
    require(message.version > newest, codes.OLD_VERSION, str(newest))
    ask_consent(ctx, study, part.dataset, message.version, ports)
    # DECIDE
    brought = Brought(message.version, data.commitment, message.records)
    # WRITE
    if not BROUGHT.has(ctx, study.id, member, 0):
        BROUGHT.put(ctx, Brought(part.version, part.commitment, part.records), study.id, member, 0)
    BROUGHT.put(ctx, brought, study.id, member, progress.index + 1)
    # EMIT
    ctx.emit(PartRenewed(study.id, member, message.version, message.records, progress.index + 1))


def part_at(ctx: Context, study: bytes, member: str, part: Joined, index: int) -> Joined:
    """A member's part with what it brings anew to round `index`; the very same where it is nothing new."""
    brought = BROUGHT.get(ctx, study, member, index)
    if brought is None or brought.version == part.version:
        return part
    return replace(part, version=brought.version, commitment=brought.commitment, records=brought.records)


def records_at(ctx: Context, study: bytes, member: str, part: Joined, index: int) -> int:
    """How many records a member brought to round `index`."""
    brought = brought_at(ctx, study, member, index)
    return part.records if brought is None else brought.records


def consented(ctx: Context, study: Study, part: Joined, ports: Ports) -> bool:
    """Whether everybody in what a member brings consents to the study's purpose now."""
    return ports.assets.consented(ctx, part.dataset, part.version, study.terms.purpose)


def ask_consent(ctx: Context, study: Study, dataset: bytes, version: int, ports: Ports) -> None:
    """Raise Refused unless everybody in a version consents to the study's purpose now."""
    purpose = study.terms.purpose
    require(ports.assets.consented(ctx, dataset, version, purpose), codes.NO_CONSENT, purpose)
