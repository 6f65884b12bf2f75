"""What a person's words stand for: assets and studies by NAME, MEMBER/NAME or id."""

import re
from dataclasses import dataclass
from pathlib import Path

from consortia.cli.output import Failure, note
from consortia.cli.session import Session
from consortia.engines.train.files import RawTable, read_file
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table, make_table, mismatches
from consortia.modules.assets.queries import ById, ByName, MaybeAsset
from consortia.modules.assets.types import Asset, Permission, Right, Version
from consortia.modules.training import queries as training
from consortia.workers.rows import raw_table
from consortia.workers.vault import Vault


def find_asset(session: Session, which: str) -> tuple[Asset, Version]:
    """The asset that NAME, MEMBER/NAME or an id stands for, with its newest version; raises Failure."""
    identity = digest(which)
    if identity is not None:
        found = session.ask("assets.asset", ById(identity), MaybeAsset)
    else:
        owner, slash, name = which.partition("/")
        asked = ByName(owner, name) if slash else ByName(session.member, which)
        found = session.ask("assets.by_name", asked, MaybeAsset)
    if found.asset is None or found.version is None:
        raise Failure(
            f"there is no asset {which!r}. ASSET is NAME (own), MEMBER/NAME, or an id", "consortia asset list"
        )
    return found.asset, found.version


def permissions(grantees: tuple[str, ...], purposes: tuple[str, ...]) -> Right:
    """The permissions of these grantees for these purposes (none: every purpose), in the law's order."""
    wanted = tuple(sorted(set(purposes))) or ("*",)
    return tuple(Permission(grantee, wanted) for grantee in sorted(set(grantees)))


def find_study(session: Session, which: str) -> training.StudyView:
    """The study that NAME (own), MEMBER/NAME or an id stands for; raises Failure."""
    identity = digest(which)
    if identity is None:
        proposer, slash, name = which.partition("/")
        asked = training.ByName(proposer, name) if slash else training.ByName(session.member, which)
        identity = session.ask("training.find", asked, training.Found).study
    if identity is None:
        text = f"there is no study {which!r}. STUDY is NAME (own), MEMBER/NAME, or an id"
        raise Failure(text, "consortia study list")
    return session.ask("training.study", training.ById(identity), training.StudyView)


def own_rows(session: Session, name: str, version: int) -> RawTable:
    """The rows of an own data set, as a table of text; raises VaultError, DataError."""
    kept = Vault(session.home.private).rows(name, version)
    return raw_table(name, [row for subject in sorted(kept) for row in kept[subject]])


@dataclass(frozen=True, slots=True)
class OwnData:
    """Rows of one's own: of a data set of this asset id and version, or of a file that is none."""

    rows: RawTable
    name: str
    asset: bytes | None
    version: int


def own_data(session: Session, data: str) -> OwnData:
    """The rows of a file FILE.csv, else of an own data set; raises Failure, VaultError, DataError."""
    if Path(data).suffix.lower() == ".csv":
        return OwnData(read_file(Path(data)), data, None, 0)
    one, version = find_asset(session, data)
    return OwnData(own_rows(session, one.name, version.number), one.name, one.id, version.number)


def own_table(own: OwnData, schema: Schema) -> Table:
    """Own rows under a study's schema; raises Failure, naming every way in which they differ."""
    faults = mismatches(schema, own.rows)
    if faults:
        for fault in faults:
            note(f"  {fault}")
        raise Failure(f"{own.name} does not fit the study's schema in {len(faults)} ways", "other data")
    return make_table(own.rows, schema)


def digest(text: str) -> bytes | None:
    """The 32 bytes that 64 hex digits write, else None."""
    return bytes.fromhex(text) if re.fullmatch(r"[0-9a-fA-F]{64}", text) else None


def digest_of(text: str, what: str, remedy: str) -> bytes:
    """The 32 bytes that 64 hex digits write; raises Failure, which says `what` the text is not."""
    found = digest(text)
    if found is None:
        raise Failure(f"{text!r} is no {what}, which has 64 hex digits", remedy)
    return found
