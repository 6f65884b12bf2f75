"""The application: the modules of one protocol version, wired and looked up by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consortia.base.codec import Record
from consortia.kernel.context import Context
from consortia.kernel.genesis import ModuleVersion
from consortia.kernel.module import Method, Module, Query, snake
from consortia.kernel.ports import KeyDirectory, Stops
from consortia.kernel.upgrades import Demand, Outdated, Upgrades, in_force, lacking


@dataclass(frozen=True, slots=True)
class Bound:
    """A method within its module: its full name, and the ports its handler is given."""

    name: str
    module: Module
    method: Method


@dataclass(frozen=True)
class Application:
    """All modules in the order in which they load, the directory of keys, who stops methods, and upgrades."""

    modules: tuple[Module, ...]
    keys: KeyDirectory
    stops: Stops | None = None
    upgrades: Upgrades | None = None
    methods: Mapping[str, Bound] = field(init=False)
    messages: Mapping[type[Record], str] = field(init=False)
    events: Mapping[type[Record], str] = field(init=False)
    later: tuple[Bound, ...] = field(init=False)
    queries: Mapping[str, tuple[Module, Query]] = field(init=False)

    def __post_init__(self) -> None:
        """Index methods, messages, events and queries by name and type."""
        methods = {f"{m.name}.{method.name}": (m, method) for m in self.modules for method in m.methods}
        bound = {name: Bound(name, module, method) for name, (module, method) in methods.items()}
        object.__setattr__(self, "methods", bound)
        object.__setattr__(self, "messages", {b.method.message: name for name, b in bound.items()})
        events = {event: f"{m.name}.{snake(event.__name__)}" for m in self.modules for event in m.events}
        object.__setattr__(self, "events", events)
        object.__setattr__(self, "later", tuple(b for b in bound.values() if b.method.since > 1))
        queries = {f"{m.name}.{query.name}": (m, query) for m in self.modules for query in m.queries}
        object.__setattr__(self, "queries", queries)

    def versions(self) -> tuple[ModuleVersion, ...]:
        """The modules and their versions, as a genesis names them."""
        return tuple(ModuleVersion(module.name, module.version) for module in self.modules)

    def knows(self, versions: tuple[ModuleVersion, ...]) -> bool:
        """Whether this software has these modules, each with the rules of this version or of a later one."""
        ours = self.versions()
        return [one.name for one in ours] == [one.name for one in versions] and all(
            own.version >= other.version for own, other in zip(ours, versions, strict=True)
        )

    def demands(self, ctx: Context) -> tuple[Demand, ...]:
        """The versions that the members agreed on, those to come included."""
        return () if self.upgrades is None else self.upgrades.demands(ctx)

    def check_versions(self, ctx: Context) -> None:
        """Raise Outdated where this software lacks a version that is in force at the context's time."""
        missing = lacking(self.demands(ctx), self._versions(), ctx.time)
        if missing:
            raise Outdated(missing, self._versions())

    def unborn(self, ctx: Context, genesis: tuple[ModuleVersion, ...]) -> frozenset[str]:
        """The methods, by full name, that the versions in force do not have yet."""
        if not self.later:
            return frozenset()
        begun = {one.name: one.version for one in genesis}
        versions = in_force(self.demands(ctx), begun, ctx.time)
        return frozenset(b.name for b in self.later if b.method.since > versions.get(b.module.name, 0))

    def _versions(self) -> dict[str, int]:
        return {one.name: one.version for one in self.versions()}

    def check_stopped(self, ctx: Context, bound: Bound) -> None:
        """Raise Refused for a method that is stopped now."""
        if bound.method.pausable and self.stops is not None:
            self.stops.check(ctx, bound.name)

    def query(self, name: str) -> tuple[Module, Query] | None:
        """The query with the full name `module.query`, or None."""
        return self.queries.get(name)
