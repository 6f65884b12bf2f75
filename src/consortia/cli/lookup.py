"""What a person's words stand for: assets and studies by NAME, MEMBER/NAME or id."""

from consortia.base.ids import digest_from_hex
from consortia.cli.output import Failure
from consortia.cli.session import Session
from consortia.modules.assets.queries import ById, ByName, MaybeAsset
from consortia.modules.assets.types import Asset, Version
from consortia.modules.training import queries as training


def find_asset(session: Session, which: str) -> tuple[Asset, Version]:
    """The asset that NAME, MEMBER/NAME or an id stands for, with its newest version; raises Failure."""
    identity = digest_from_hex(which)
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


def find_study(session: Session, which: str) -> training.StudyView:
    """The study that NAME (own), MEMBER/NAME or an id stands for; raises Failure."""
    identity = digest_from_hex(which)
    if identity is None:
        proposer, slash, name = which.partition("/")
        asked = training.ByName(proposer, name) if slash else training.ByName(session.member, which)
        identity = session.ask("training.find", asked, training.Found).study
    if identity is None:
        text = f"there is no study {which!r}. STUDY is NAME (own), MEMBER/NAME, or an id"
        raise Failure(text, "consortia study list")
    return session.ask("training.study", training.ById(identity), training.StudyView)


def digest_of(text: str, what: str, remedy: str) -> bytes:
    """The 32 bytes that 64 hex digits write; raises Failure, which says `what` the text is not."""
    found = digest_from_hex(text)
    if found is None:
        raise Failure(f"{text!r} is no {what}, which has 64 hex digits", remedy)
    return found
