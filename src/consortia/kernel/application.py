"""The application: the modules of one protocol version, wired and looked up by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consortia.base.codec import Record
from consortia.kernel.context import Context
from consortia.kernel.genesis import ModuleVersion
from consortia.kernel.module import Method, Module, Query, snake
from consortia.kernel.ports import KeyDirectory, Stops


@dataclass(frozen=True, slots=True)
class Bound:
    """A method within its module: its full name, and the ports its handler is given."""

    name: str
    module: Module
    method: Method


@dataclass(frozen=True)
class Application:
    """All modules in the order in which they load, the directory of keys, and who stops methods."""

    modules: tuple[Module, ...]
    keys: KeyDirectory
    stops: Stops | None = None
    methods: Mapping[str, Bound] = field(init=False)
    messages: Mapping[type[Record], str] = field(init=False)
    events: Mapping[type[Record], str] = field(init=False)

    def __post_init__(self) -> None:
        """Index methods, messages and events by name and type."""
        methods = {f"{m.name}.{method.name}": (m, method) for m in self.modules for method in m.methods}
        bound = {name: Bound(name, module, method) for name, (module, method) in methods.items()}
        object.__setattr__(self, "methods", bound)
        object.__setattr__(self, "messages", {b.method.message: name for name, b in bound.items()})
        events = {event: f"{m.name}.{snake(event.__name__)}" for m in self.modules for event in m.events}
        object.__setattr__(self, "events", events)

    def versions(self) -> tuple[ModuleVersion, ...]:
        """The modules and their versions, as a genesis names them."""
        return tuple(ModuleVersion(module.name, module.version) for module in self.modules)

    def check_stopped(self, ctx: Context, bound: Bound) -> None:
        """Raise Refused for a method that is stopped now."""
        if bound.method.pausable and self.stops is not None:
            self.stops.check(ctx, bound.name)

    def query(self, name: str) -> tuple[Module, Query] | None:
        """The query with the full name `module.query`, or None."""
        for module in self.modules:
            for query in module.queries:
                if f"{module.name}.{query.name}" == name:
                    return module, query
        return None
