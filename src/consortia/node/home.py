"""The home of a node: one folder that holds all that a member keeps.

    consortia.toml   settings                       keys/       key files, the TLS key and certificate
    genesis.cbor     the network's first facts      ledger/     state, log, blocks (LMDB)
    blobs/           bytes by their hash            private/    the member's own data: never served
    witness/         what was signed and promised   index.sqlite  derived; may be deleted
    logs/

While a node runs, `node.lock` is locked, and `node.json` says where it listens; `token` lets the programs
of the home's owner, on the same machine, in; `tokens.json` has the hashes of those given to people.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from consortia.node.config import FILE, Config, NoHome, build, load, save
from consortia.store.disk import sync

_FOLDERS = ("keys", "ledger", "blobs", "private", "witness", "logs")


class HomeError(RuntimeError):
    """A home that cannot be used; the text says which, why, and what to do."""


class Running(msgspec.Struct, frozen=True):
    """Where the home's node listens: what `consortia up --json` prints, and its process id."""

    url: str
    network: str
    member: str
    pid: int


def default_home(environment: Mapping[str, str]) -> Path:
    """CONSORTIA_HOME; else systemd's STATE_DIRECTORY; else `consortia` in the XDG data folder."""
    chosen = environment.get("CONSORTIA_HOME")
    if chosen:
        return Path(chosen).expanduser()
    state = environment.get("STATE_DIRECTORY")
    if state:
        return Path(state.split(":")[0])
    data = environment.get("XDG_DATA_HOME")
    base = Path(data) if data and data.startswith("/") else Path("~/.local/share").expanduser()
    return base / "consortia"


@dataclass(frozen=True, slots=True)
class Home:
    """A home's folder and where its parts lie."""

    path: Path

    @classmethod
    def create(cls, path: Path, config: Config, genesis: bytes) -> "Home":
        """Make a home; raises HomeError when there is one already."""
        home = cls(path.expanduser().absolute())
        if (home.path / FILE).exists():
            raise HomeError(f"{home.path} is a home already; choose another folder with --home")
        home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in _FOLDERS:
            (home.path / name).mkdir(mode=0o700, exist_ok=True)
        write_private(home.genesis_file, genesis)
        save(build(msgspec.to_builtins(config), str(home.path / FILE)), home.path)
        return home

    @classmethod
    def find(cls, path: Path | str | None, environment: Mapping[str, str]) -> "Home":
        """The home at `path`, or the default one; raises NoHome when there is none."""
        home = cls(Path(path).expanduser().absolute() if path else default_home(environment).absolute())
        if not (home.path / FILE).is_file():
            raise NoHome(f"{home.path} is no home of a node: it has no {FILE}. `consortia init` makes one")
        return home

    def config(self, environment: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Config:
        """The home's settings; raises ConfigError."""
        return load(self.path, environment, flags)

    @property
    def keys(self) -> Path:
        """The folder of key files."""
        return self.path / "keys"

    @property
    def ledger(self) -> Path:
        """The folder of the ledger's store."""
        return self.path / "ledger"

    @property
    def blobs(self) -> Path:
        """The folder of blobs."""
        return self.path / "blobs"

    @property
    def snapshots(self) -> Path:
        """The folder of snapshots for state sync, where CometBFT orders."""
        return self.path / "snapshots"

    @property
    def private(self) -> Path:
        """The folder of what is never served: records, salts, secrets of rounds."""
        return self.path / "private"

    @property
    def witness(self) -> Path:
        """The folder of what the node has signed and promised, which outlives a restored ledger."""
        return self.path / "witness"

    @property
    def logs(self) -> Path:
        """The folder of logs."""
        return self.path / "logs"

    @property
    def index_file(self) -> Path:
        """The searchable index; derived, and made anew when it is missing."""
        return self.path / "index.sqlite"

    @property
    def genesis_file(self) -> Path:
        """The encoded genesis."""
        return self.path / "genesis.cbor"

    def genesis(self) -> bytes:
        """The encoded genesis; raises HomeError when it is missing."""
        try:
            return self.genesis_file.read_bytes()
        except FileNotFoundError:
            raise HomeError(f"{self.genesis_file} is missing: restore it from a backup or a peer") from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home for one node, until the process ends; raises HomeError while another holds it."""
        descriptor = os.open(self.path / "node.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HomeError(f"a node runs already on {self.path}") from None
            yield
        finally:
            os.close(descriptor)

    def announce(self, running: Running) -> None:
        """Write where the node listens."""
        write_private(self.path / "node.json", msgspec.json.encode(running))

    def running(self) -> Running | None:
        """Where the home's node listens, or None when none holds the lock."""
        try:
            with self.locked():
                return None
        except HomeError:
            pass
        try:
            return msgspec.json.decode((self.path / "node.json").read_bytes(), type=Running)
        except FileNotFoundError:
            return None

    def new_token(self) -> str:
        """Make the token that this run of the node takes from its owner's programs on this machine."""
        token = secrets.token_urlsafe(32)
        write_private(self.path / "token", token.encode())
        return token

    def token(self) -> str:
        """The running node's token; raises HomeError when there is none."""
        try:
            return (self.path / "token").read_text(encoding="ascii")
        except FileNotFoundError:
            raise HomeError(f"no node has run on {self.path} yet; start it with `consortia up`") from None


def write_private(path: Path, data: bytes) -> None:
    """Replace a file at once and durably; only its owner may read it."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync(path.parent)
