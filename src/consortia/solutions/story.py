"""What a story is, and the stage it is told on: one shape for all fields.

A story stands in `solutions/<field>/scenarios/<name>.py` as `STORY`. `consortia demo NAME` gives it a stage:
a network of members on this machine, each a node process of its own with a worker beside it. The story acts
for the members through the nouns of the sdk and through the very commands that people type, and ends with a
proof that somebody outside can check and with figures beside their baselines.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from consortia.sdk.client import Client
from consortia.sdk.ledger import Ledger

T = TypeVar("T")

MEMBERS_MAX = 5
"""Members a story has at most: patients, customers and homes are persons at members' nodes."""


class StoryFailed(RuntimeError):
    """A story that cannot go on: something that it shows did not happen; the text says what."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks of a story.

    `seed` changes splits and generators. `data` is a file or folder of the user's own, with `label` where a
    column is to be predicted. Rows and files that cannot be read are written to `rejects`, and rows left out
    only with `skip_bad_rows`: for stories that read them (`Story.rejects`).
    """

    seed: int = 1
    data: Path | None = None
    label: str | None = None
    rejects: Path | None = None
    skip_bad_rows: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a story beside what it is to be compared with: the trivial answer, each party alone.

    `called` is what `ours` is called beside the baselines.
    """

    name: str
    unit: str
    better: Literal["higher", "lower"]
    ours: float
    baselines: Mapping[str, float]
    called: str = "together"


@dataclass(frozen=True, slots=True)
class Told:
    """What a story came to.

    `closing` are sentences for the end: what is simulated, what is not claimed. `more` are further facts of
    the story's own, for its JSON object.
    """

    proof: Path
    metrics: tuple[Metric, ...]
    closing: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


class Program(Protocol):
    """A lasting program beside a member's node, such as an agent."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""

    def stop(self) -> None:
        """End it, and wait until it has ended."""

    def kill(self) -> None:
        """End it at once, as a crash would."""


class Stage(Protocol):
    """The members of a story, and the voice that tells it. Raises StoryFailed where a member's part fails."""

    asked: Asked
    folder: Path
    names: tuple[str, ...]

    @property
    def network(self) -> bytes:
        """The network's name, once it is founded."""

    def chapter(self, title: str) -> None:
        """Begin a chapter."""

    def line(self, text: str) -> None:
        """Say what was done, with the time."""

    def moving(self, text: str) -> None:
        """Show what goes on, on a line that the next one overwrites."""

    def catch(self, what: str, by: str, check: str, word: str = "caught") -> None:
        """Say what was tried, who noticed and by which check; `word` is for what nobody did on purpose."""

    def doing(self, text: str) -> AbstractContextManager[None]:
        """Show `text` while something is done, and say it once it is."""

    def build(self, title: str, charter: Path | None = None) -> None:
        """Found the network, start a node and a worker for each member, and admit all.

        `charter` is a file as `consortia charter show --json` prints it.
        """

    def ledger(self, name: str, role: str = "admin") -> Ledger:
        """The ledger as a member's program sees it, signing with the member's key of a role."""

    def client(self, name: str, role: str = "admin") -> Client:
        """A client of a member's node, signing with the member's key of a role."""

    def home(self, name: str) -> Path:
        """A member's home."""

    def url(self, name: str) -> str:
        """The address of a member's node."""

    def settle(self) -> int:
        """Wait until every node has all blocks and all of them are final; gives the height."""

    def stop(self, name: str) -> None:
        """Stop a member's node cleanly, and its worker."""

    def kill(self, name: str) -> None:
        """End a member's node and worker at once, as a crash would."""

    def start(self, name: str, *flags: str) -> None:
        """Start a member's node again, with flags of its own, and wait until it is ready."""

    def run(self, name: str, *arguments: str) -> dict[str, Any]:
        """Type one command in a member's home, and give its JSON object."""

    def refused(self, name: str, *arguments: str) -> str:
        """Type one command that must be refused; gives what it said. Raises StoryFailed if it was done."""

    def program(self, name: str, *arguments: str) -> Program:
        """Start a command that lasts beside a member's node; it is stopped with the stage at the latest."""

    def outside(self, proof: Path) -> dict[str, Any]:
        """Check a proof as somebody outside does, by `consortia verify`: the verdict."""

    def apart(self, *arguments: str) -> dict[str, Any]:
        """Type one command as somebody outside does, with no home; gives its JSON object."""

    def dishonest(self, name: str, module: str) -> AbstractContextManager[None]:
        """Let another program, `python -m module`, be a member's node for a while."""


@dataclass(frozen=True, slots=True)
class Story(Generic[T]):
    """A story: who takes part, the data that it needs, and how it is told.

    `prepare` reads and checks what `--data` names, or makes the story's own data, before anything is written;
    it raises DataError with one line. `tell` plays it on a stage. `rejects` says that it heeds what is asked
    about rows that cannot be read. Raises ValueError for more than MEMBERS_MAX members.
    """

    members: tuple[str, ...]
    prepare: Callable[[Asked], T]
    tell: Callable[[Stage, T], Told]
    rejects: bool = False

    def __post_init__(self) -> None:
        """Hold the members to their number."""
        if len(self.members) > MEMBERS_MAX:
            raise ValueError(f"{len(self.members)} members; a story has {MEMBERS_MAX} at most")
