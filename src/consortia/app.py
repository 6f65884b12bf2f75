# Long because it wires every room of the law to its neighbours.
"""The application: the one list of modules of this protocol version, wired to one another."""

from dataclasses import dataclass
from functools import lru_cache

from consortia.kernel.application import Application
from consortia.kernel.context import Context, Signer
from consortia.modules import (
    assets,
    ballots,
    bank,
    consent,
    governance,
    guard,
    identity,
    market,
    operations,
    predictions,
    training,
)
from consortia.modules.assets.types import Parent
from consortia.modules.governance.types import CHOICES


@lru_cache(maxsize=1)
def application() -> Application:
    """All modules in the order in which they load. Identity comes first: it is everybody's key directory."""
    members = identity.Keeper()
    shared = assets.Keeper()
    payers = _Payers(members)
    return Application(
        modules=(
            identity.module(),
            assets.module(assets.Ports(members=members)),
            consent.module(consent.Ports(assets=_Consented(shared), persons=members)),
            predictions.module(predictions.Ports(models=shared, agents=_Agents(members))),
            bank.module(
                bank.Ports(
                    members=payers,
                    agents=payers,
                    studies=_Ended(training.Keeper(), shared),
                    decisions=_Decisions(governance.Keeper()),
                    stops=governance.Keeper(),
                )
            ),
            market.module(
                market.Ports(
                    cash=_Traded(bank.Keeper("market", payers, payers)),
                    members=_Trading(members),
                    batches=_Batches(shared),
                )
            ),
            training.module(training.Ports(assets=_Studied(shared, consent.Keeper()), members=members)),
            ballots.module(ballots.Ports(members=members)),
            guard.module(guard.Ports(members=members)),
            operations.module(operations.Ports(members=members)),
            governance.module(
                governance.Ports(
                    members=members,
                    assets=_Decided(shared),
                    agents=_Delegates(members, shared, predictions.Keeper()),
                    treasury=_Treasury(bank.Keeper("governance", payers, payers)),
                    elections=_Elections(ballots.Keeper()),
                )
            ),
        ),
        keys=members,
        stops=_Stopped(governance.Keeper(), guard.Keeper()),
        upgrades=governance.Keeper(),
    )


@dataclass(frozen=True, slots=True)
class _Stopped:
    """What stops a method for a while: the council for everybody, guards for one member."""

    council: governance.Keeper
    guards: guard.Keeper

    def check(self, ctx: Context, method: str) -> None:
        """Raise Refused for a method that the council paused, or a member that a guard suspended."""
        self.council.check(ctx, method)
        self.guards.check(ctx, method)


@dataclass(frozen=True, slots=True)
class _Payers:
    """The members, their officers, persons and agents, in the words of the bank."""

    members: identity.Keeper

    def is_member(self, ctx: Context, name: str) -> bool:
        """Whether `name` is a member now."""
        return self.members.is_member(ctx, name)

    def key_since(self, ctx: Context, key: bytes) -> int | None:
        """The block time since which a member's key is known, or None for an unknown one."""
        found = self.members.key_of(ctx, key)
        return None if found is None else found.since

    def account(self, ctx: Context) -> str | None:
        """The one account that an agent or a person may spend from: its member's, with its name behind."""
        mandate = self.members.acting(ctx)
        return self.members.person(ctx) if mandate is None else f"{mandate.owner}/{mandate.agent}"

    def charge(self, ctx: Context, unit: bytes, amount: int) -> None:
        """Count what leaves an agent's hands; raises Refused beyond its mandate."""
        self.members.charge(ctx, unit, amount)


@dataclass(frozen=True, slots=True)
class _Ended:
    """The ends of studies, in the words of the bank."""

    studies: training.Keeper
    assets: assets.Keeper

    def exists(self, ctx: Context, study: bytes) -> bool:
        """Whether there is a study with this id."""
        return self.studies.exists(ctx, study)

    def finished(self, ctx: Context, study: bytes) -> int | None:
        """The block time at which a study's model was registered, or None."""
        model = self.studies.model(ctx, study)
        found = None if model is None else self.assets.get(ctx, model)
        return None if found is None else found.time

    def standing(self, ctx: Context, study: bytes) -> bank.Standing | None:
        """How a study stands, or None where there is none."""
        found = self.studies.standing(ctx, study)
        return None if found is None else bank.Standing(*found)

    def contributions(self, ctx: Context, study: bytes) -> tuple[bank.Contribution, ...]:
        """What the members did whose updates are in a final round, sorted by name."""
        return tuple(bank.Contribution(*each) for each in self.studies.contributions(ctx, study))

    def copied(self, ctx: Context, study: bytes) -> tuple[str, str] | None:
        """Two members that sent one update in one final round, or None."""
        return self.studies.copied(ctx, study)


@dataclass(frozen=True, slots=True)
class _Decisions:
    """What the members decided, in the words of the bank."""

    proposals: governance.Keeper

    def decision(self, ctx: Context, proposal: bytes) -> bank.Decision | None:
        """What became of a proposal so far, or None where there is none."""
        found = self.proposals.decision(ctx, proposal)
        return None if found is None else bank.Decision(*found)


@dataclass(frozen=True, slots=True)
class _Agents:
    """Agents, in the words of predictions."""

    members: identity.Keeper

    def acting(self, ctx: Context) -> identity.Mandate:
        """The live mandate of the agent that signed; raises Refused where it is over."""
        mandate = self.members.acting(ctx)
        if mandate is None:
            raise LookupError("no agent signed")
        return mandate

    def signer(self, ctx: Context, mandate: bytes) -> Signer | None:
        """The agent of a mandate, as the signer of its acts; None where the mandate is over."""
        found = self.members.mandate(ctx, mandate)
        state = None if found is None else self.members.key(ctx, found.key)
        return state.signer if state is not None and state.active else None


@dataclass(frozen=True, slots=True)
class _Decided:
    """The assets, in the words of governance."""

    assets: assets.Keeper

    def model_content(self, ctx: Context, model: bytes) -> bytes | None:
        """The content of a model that is open to new use, or None."""
        found = self.assets.kind(ctx, model) == "model" and not self.assets.is_withdrawn(ctx, model)
        return self.assets.content(ctx, model) if found else None

    def owner(self, ctx: Context, asset: bytes) -> str | None:
        """Whose an asset is, or None."""
        found = self.assets.get(ctx, asset)
        return None if found is None else found.owner


@dataclass(frozen=True, slots=True)
class _Treasury:
    """The bank, in the words of governance."""

    bank: bank.Keeper

    def pay(self, ctx: Context, payee: str, unit: bytes, amount: int) -> None:
        """Pay out of the treasury; raises Refused."""
        self.bank.transfer(ctx, "governance:treasury", payee, unit, amount)


@dataclass(frozen=True, slots=True)
class _Elections:
    """Secret ballots, in the words of governance."""

    ballots: ballots.Keeper

    def open(
        self,
        ctx: Context,
        proposal: bytes,
        title: str,
        *,
        voters: tuple[str, ...],
        trustees: tuple[str, ...],
        ends: tuple[int, ...],
    ) -> bytes:
        """Open the election of a proposal, and give its id."""
        times = ballots.Times(*ends)
        return self.ballots.open(ctx, ballots.Asked(proposal, title, voters, trustees, CHOICES, times))

    def outcome(self, ctx: Context, election: bytes) -> tuple[int, int, int] | str | None:
        """The ballots for, against and abstaining; why there is no count; None while that is open."""
        result = self.ballots.result(ctx, election)
        if isinstance(result, ballots.Tally):
            yes, no, abstain = result.counts
            return yes, no, abstain
        return None if result is None else result.why


@dataclass(frozen=True, slots=True)
class _Delegates:
    """Mandates, models and track records, in the words of governance."""

    members: identity.Keeper
    assets: assets.Keeper
    acts: predictions.Keeper

    def acting(self, ctx: Context) -> identity.Mandate | None:
        """The mandate of the agent that signed; None for officers. Raises Refused where it is over."""
        return self.members.acting(ctx)

    def ended_at(self, ctx: Context, mandate: bytes) -> int | None:
        """The block time from which on nothing done under a mandate stands; None while it does."""
        return self.members.ended_at(ctx, mandate)

    def end(self, ctx: Context, mandate: bytes, by: str) -> None:
        """End a mandate; raises Refused."""
        self.members.end_mandate(ctx, mandate, by)

    def content(self, ctx: Context, mandate: bytes) -> bytes:
        """The content of the model or program that a mandate pins."""
        return self._mandate(ctx, mandate).pin.content

    def family(self, ctx: Context, mandate: bytes) -> bytes:
        """The first model that its model descends from, or else the first origin; a program is its own.

        Models whose lineage is too wide to follow are one family.
        """
        pin = self._mandate(ctx, mandate).pin
        if pin.asset is None:
            return pin.content
        origins = self.assets.origins(ctx, pin.asset) or (bytes(32),)
        models = [origin for origin in origins if self.assets.kind(ctx, origin) == "model"]
        return min(models or origins)

    def advises_only(self, ctx: Context, mandate: bytes) -> bool:
        """Whether the agent's record is so poor that it only advises."""
        return self.acts.advises_only(ctx, *self._actor(ctx, mandate))

    def pledge(self, ctx: Context, proposal: bytes) -> None:
        """Hold the agent that acts to the probability it stated."""
        self.acts.pledge(ctx, proposal)

    def resolve(self, ctx: Context, proposal: bytes, *, outcome: bool) -> None:
        """Score what agents stated about a proposal that was decided."""
        self.acts.resolve(ctx, proposal, outcome=outcome)

    def void(self, ctx: Context, proposal: bytes) -> None:
        """Let go of what agents stated about a proposal that is never decided."""
        self.acts.void(ctx, proposal)

    def overridden(self, ctx: Context, mandate: bytes) -> None:
        """Count that a person voted in the place of an agent."""
        self.acts.overridden(ctx, *self._actor(ctx, mandate))

    def vetoed(self, ctx: Context, mandate: bytes) -> None:
        """Count that officers stopped what an agent proposed."""
        self.acts.vetoed(ctx, *self._actor(ctx, mandate))

    def _actor(self, ctx: Context, mandate: bytes) -> tuple[str, bytes]:
        found = self._mandate(ctx, mandate)
        return found.owner, found.pin.content

    def _mandate(self, ctx: Context, mandate: bytes) -> identity.Mandate:
        found = self.members.mandate(ctx, mandate)
        if found is None:
            raise LookupError(f"no mandate {mandate.hex()}")
        return found


@dataclass(frozen=True, slots=True)
class _Studied:
    """The assets, and the consent to read them, in the words of training."""

    assets: assets.Keeper
    consents: consent.Keeper

    def dataset(self, ctx: Context, asset: bytes, version: int) -> training.DataSet | None:
        """A version of a data set, or None."""
        found, held = self.assets.get(ctx, asset), self.assets.version(ctx, asset, version)
        if found is None or held is None or found.kind != "dataset":
            return None
        usable = self.assets.is_usable(ctx, asset, version)
        return training.DataSet(found.owner, held.commitment, held.count, usable)

    def populations(self, ctx: Context, asset: bytes) -> tuple[bytes, ...] | None:
        """The data sets that one was made from in the first place, or None where its lineage is too wide."""
        return self.assets.origins(ctx, asset)

    def is_model(self, ctx: Context, asset: bytes) -> bool:
        """Whether there is a model with this asset id."""
        return self.assets.kind(ctx, asset) == "model"

    def may_process(self, ctx: Context, member: str, asset: bytes, purpose: str) -> bool:
        """Whether `member` may compute on an asset for `purpose` now."""
        return self.assets.may(ctx, member, asset, "process", purpose)

    def consented(self, ctx: Context, asset: bytes, version: int, purpose: str) -> bool:
        """Whether everybody in a version of a data set consents to `purpose` now, as was shown."""
        return self.consents.allows(ctx, asset, version, purpose)

    def register(self, ctx: Context, model: training.TrainedModel) -> bytes:
        """Register a model with its lineage."""
        start = () if model.started_from is None else ((model.started_from, 1),)
        made = assets.Made(
            owner=model.owner,
            name=model.name,
            title=model.title,
            content=model.content,
            count=model.records,
            study=model.study,
            summed=tuple(Parent(*pair) for pair in model.summed),
            made_from=tuple(Parent(*pair) for pair in start),
        )
        return self.assets.register_model(ctx, made)


@dataclass(frozen=True, slots=True)
class _Consented:
    """The assets, in the words of consent."""

    assets: assets.Keeper

    def dataset(self, ctx: Context, asset: bytes) -> consent.Held | None:
        """A data set, or None where there is none with this id."""
        found = self.assets.get(ctx, asset)
        return consent.Held(found.owner, found.form == "set") if found and found.kind == "dataset" else None

    def root(self, ctx: Context, asset: bytes, version: int) -> bytes | None:
        """The set hash of a version that is still open to use, or None."""
        held = self.assets.version(ctx, asset, version)
        return held.commitment if held and self.assets.is_usable(ctx, asset, version) else None

    def may_download(self, ctx: Context, member: str, asset: bytes, purpose: str) -> bool:
        """Whether a member may have a data set's records for a purpose now."""
        return self.assets.may(ctx, member, asset, "download", purpose)


@dataclass(frozen=True, slots=True)
class _Traded:
    """The bank, in the words of the market: each market has an account of its own."""

    bank: bank.Keeper

    def is_unit(self, ctx: Context, unit: bytes) -> bool:
        """Whether there is such a unit."""
        return self.bank.unit(ctx, unit) is not None

    def pay_in(self, ctx: Context, account: str, market: bytes, unit: bytes, amount: int) -> None:
        """Move units from a member's account to the market's."""
        lock = self.bank.lock(ctx, account, unit, amount, "paid into a market")
        self.bank.release(ctx, lock, _account(market), amount)

    def pay_out(self, ctx: Context, market: bytes, account: str, unit: bytes, amount: int) -> None:
        """Move units from the market's account to a member's."""
        self.bank.transfer(ctx, _account(market), account, unit, amount)

    def held(self, ctx: Context, market: bytes, unit: bytes) -> int:
        """How much of a unit the market's account holds."""
        return self.bank.balance(ctx, _account(market), unit)


def _account(market: bytes) -> str:
    return f"market:{market.hex()}"


@dataclass(frozen=True, slots=True)
class _Trading:
    """The members, in the words of the market."""

    members: identity.Keeper

    def is_member(self, ctx: Context, name: str) -> bool:
        """Whether this is a member now."""
        return self.members.is_member(ctx, name)

    def owns(self, ctx: Context, member: str, key: bytes) -> bool:
        """Whether the key with this id is the member's, or its agent's; a person's trades nothing."""
        state = self.members.key(ctx, key)
        return state is not None and state.signer.member == member and "person" not in state.signer.roles

    def charge(self, ctx: Context, unit: bytes, amount: int) -> None:
        """Count an outflow against the mandate of the signer, if it is an agent."""
        self.members.charge(ctx, unit, amount)


@dataclass(frozen=True, slots=True)
class _Batches:
    """The assets, in the words of the market: batches of readings."""

    assets: assets.Keeper

    def root(self, ctx: Context, member: str, batch: bytes) -> bytes | None:
        """The root over the records of a member's batch; None where it has none such, or withdrew it."""
        found = self.assets.get(ctx, batch)
        if found is None or (found.owner, found.kind) != (member, "batch") or found.withdrawn is not None:
            return None
        return self.assets.content(ctx, batch)
