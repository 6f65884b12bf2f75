"""A node's settings: `consortia.toml` in its home, environment over it, flags over both.

A setting `listen` is `listen = "..."` in the file, `CONSORTIA_LISTEN` in the environment, `--listen` on the
command line. Unknown settings and values of the wrong kind are errors that name the place they stand in.
"""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from consortia.base.ids import is_name
from consortia.modules.identity.addresses import is_node_address

FILE = "consortia.toml"
ENVIRONMENT = "CONSORTIA_"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (named, not listened on)
"""Addresses that stand for all of a machine's, and so name no place."""

ADDRESS = "https://HOST:PORT, or http://127.0.0.1:PORT on one machine, with maybe a path"
"""What a node's address looks like, for people."""

_OTHER_VARIABLES = frozenset({"HOME", "PASSPHRASE_FILE", "TESTS"})
"""Variables of ours that are no settings of a node."""

_FILE_ALONE = frozenset({"webhook"})
"""Settings that are neither taken from the environment nor from flags."""

_TRAINER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


_PEER = re.compile(r"[0-9a-f]{40}@[^@/,\s]+:[0-9]{1,5}")


class ConfigError(ValueError):
    """A setting that cannot be used; the text names the setting, where it stands and what is wanted."""


class NoHome(ConfigError):
    """A folder that is no home of a node."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one node; each says what it is (`docs/reference/settings.md`)."""

    member: Annotated[str, Meta(description="The member whose node this is.")]
    network: Annotated[str, Meta(description="The network's id, 64 hex digits.")]
    driver: Annotated[
        Literal["embedded", "cometbft"],
        Meta(description="How blocks are ordered: by one member's node, or by all with CometBFT."),
    ] = "embedded"
    orderer: Annotated[str, Meta(description="The member whose node orders the blocks; empty: this one.")] = (
        ""
    )
    orderer_url: Annotated[str, Meta(description="Where that node is reached until the ledger says so.")] = ""
    orderer_pin: Annotated[str, Meta(description="The SHA-256 of that node's certificate, in hex.")] = ""
    listen: Annotated[str, Meta(description="HOST:PORT to listen on; port 0 is any free one.")] = (
        "127.0.0.1:0"
    )
    url: Annotated[str, Meta(description="The address that other members reach it at, where it differs.")] = (
        ""
    )
    tls: Annotated[bool, Meta(description="Speak TLS; false is allowed on this machine alone.")] = False
    worker: Annotated[
        bool, Meta(description="Run the member's worker, once there is a study, an election or a trainer.")
    ] = False
    trainer: Annotated[
        str, Meta(description="The member's own program for studies of weights, as module:name.")
    ] = ""
    webhook: Annotated[
        str,
        Meta(
            description=(
                "A URL to which the alerts of the member's guard are posted. In the file alone, "
                "so that nobody who may start the node sends them elsewhere."
            )
        ),
    ] = ""
    cometbft: Annotated[str, Meta(description="The CometBFT program, where it is not on the PATH.")] = ""
    cometbft_log: Annotated[
        Literal["error", "info", "debug"],
        Meta(description="How much CometBFT logs; of its errors the node learns that it stands still."),
    ] = "error"
    peer_listen: Annotated[str, Meta(description="HOST:PORT where CometBFT listens to its peers.")] = ""
    peer_address: Annotated[
        str,
        Meta(
            description=(
                "HOST:PORT where they reach it; empty: where it listens, at the host of `url` if everywhere."
            )
        ),
    ] = ""
    peers: Annotated[
        tuple[str, ...],
        Meta(description="Some of CometBFT's peers, each as ID@HOST:PORT; it learns of others."),
    ] = ()
    block_milliseconds: Annotated[
        int, Meta(ge=10, le=60_000, description="How long a block of CometBFT waits for late votes.")
    ] = 200
    retain_blocks: Annotated[
        int,
        Meta(ge=0, description="Keep CometBFT's last so many blocks; 0: all of them, as one member must."),
    ] = 0
    snapshot_blocks: Annotated[
        int,
        Meta(
            ge=0,
            description=(
                "Make a snapshot, from which others may start, every so many of CometBFT's blocks; 0: never."
            ),
        ),
    ] = 500
    metrics_listen: Annotated[
        str, Meta(description="HOST:PORT of CometBFT's page for Prometheus; empty: none.")
    ] = ""
    group_milliseconds: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="Gather what is handed in for so long before a block, where this node orders them.",
        ),
    ] = 2
    group_transactions: Annotated[
        int, Meta(ge=1, le=100_000, description="A block waits for no more transactions than these.")
    ] = 1_000
    blob_bytes_max: Annotated[int, Meta(ge=1, description="One blob has at most so many bytes.")] = 4 << 30
    blobs_bytes_max: Annotated[int, Meta(ge=1, description="All blobs together.")] = 256 << 30
    member_blobs_bytes_max: Annotated[
        int, Meta(ge=0, description="The blobs that each other member left here.")
    ] = 32 << 30
    disk_free_bytes_min: Annotated[
        int,
        Meta(ge=0, description="Take nothing more of others when less than this would be left of the disk."),
    ] = 256 << 20
    connections_max: Annotated[int, Meta(ge=1, le=100_000, description="Connections at a time.")] = 1_024
    requests_per_second_max: Annotated[int, Meta(ge=1, description="Requests a second of each who asks.")] = (
        1_000
    )

    @property
    def network_id(self) -> bytes:
        """The network id, 32 bytes."""
        return bytes.fromhex(self.network)

    @property
    def peer_place(self) -> str:
        """Where others reach its CometBFT, as host:port.

        The setting `peer_address`; else where it listens, at the host of `url` where it listens everywhere.
        """
        if self.peer_address:
            return self.peer_address
        host, named = split_address(self.peer_listen)[0], urlsplit(self.url).hostname
        if host not in EVERYWHERE or not named:
            return self.peer_listen
        return f"{'[' + named + ']' if ':' in named else named}:{split_address(self.peer_listen)[1]}"

    @property
    def address(self) -> tuple[str, int]:
        """The host and port to listen on."""
        return split_address(self.listen)


def load(folder: Path, environment: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> Config:
    """The settings of the home `folder`; raises ConfigError. A flag that is None was not given."""
    path = folder / FILE
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoHome(f"{folder} is no home of a node: it has no {FILE}. `consortia init` makes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    build(values, str(path))
    for variable, text in environment.items():
        name = variable.removeprefix(ENVIRONMENT)
        if name != variable and name.lower() in _FILE_ALONE:
            raise ConfigError(f"the environment variable {variable}: {name.lower()} is set in {path} alone")
        if name != variable and name not in _OTHER_VARIABLES and name.lower() in Config.__struct_fields__:
            values = _override(values, name.lower(), text, f"the environment variable {variable}")
    for name, value in (flags or {}).items():
        if name in _FILE_ALONE:
            raise ConfigError(f"the flag --{name}: {name} is set in {path} alone")
        if value is not None:
            values = _override(values, name, value, f"the flag --{name.replace('_', '-')}")
    return build(values, str(path))


def build(values: Mapping[str, Any], source: str) -> Config:
    """The settings `values`; raises ConfigError naming `source`."""
    for name in values:
        if name not in Config.__struct_fields__:
            near = get_close_matches(name, Config.__struct_fields__, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(f"{source}: there is no setting {name}{meant}")
    try:
        config = msgspec.convert(dict(values), Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {error}") from None
    _check(config, source)
    return config


def save(config: Config, folder: Path) -> None:
    """Write the settings that differ from the defaults to the home's file."""
    path = folder / FILE
    path.write_text(render(config), encoding="utf-8")


def render(config: Config) -> str:
    """The settings that differ from the defaults, as TOML."""
    defaults = Config(member=config.member, network=config.network)
    lines = ["# The settings of this node. Environment (CONSORTIA_*) and flags go over them.", ""]
    for name in config.__struct_fields__:
        value = getattr(config, name)
        if name in {"member", "network"} or value != getattr(defaults, name):
            lines.append(f"{name} = {toml(value)}")
    return "\n".join(lines) + "\n"


def split_address(text: str) -> tuple[str, int]:
    """The host and port of `host:port` or `[v6]:port`; raises ConfigError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535 or not host:
        raise ConfigError(f"an address is host:port, not {text!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _override(values: Mapping[str, Any], name: str, value: object, source: str) -> dict[str, Any]:
    """The values with one replaced; text from the environment is read as the setting's kind."""
    try:
        kind = msgspec.json.decode(msgspec.json.encode(value))
        lax = msgspec.convert({**values, name: kind}, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {error}") from None
    _check(lax, source)
    return {**values, name: getattr(lax, name)}


def _check(config: Config, source: str) -> None:
    for name, text in (("member", config.member), ("orderer", config.orderer or config.member)):
        if not is_name(text):
            raise ConfigError(f"{source}: {name} = {text!r} is no name: 1 to 32 of a-z, 0-9 and -")
    for name, text in (("network", config.network), ("orderer_pin", config.orderer_pin or "0" * 64)):
        if len(text) != 64 or text.strip("0123456789abcdef"):
            raise ConfigError(f"{source}: {name} is 64 lowercase hex digits, not {text!r}")
    try:
        host, _ = split_address(config.listen)
    except ConfigError as error:
        raise ConfigError(f"{source}: listen: {error}") from None
    if not config.tls and not is_loopback(host):
        raise ConfigError(
            f"{source}: listen = {config.listen!r} is reachable from outside; "
            "set `tls = true`, or listen on 127.0.0.1"
        )
    if config.trainer and not _TRAINER.fullmatch(config.trainer):
        raise ConfigError(f"{source}: trainer is module:name, such as my_models:make, not {config.trainer!r}")
    _check_webhook(config.webhook, source)
    for name in ("peer_listen", "peer_address", "metrics_listen"):
        try:
            split_address(getattr(config, name) or "127.0.0.1:0")
        except ConfigError as error:
            raise ConfigError(f"{source}: {name}: {error}") from None
    if config.driver == "cometbft" and not config.peer_listen:
        raise ConfigError(f"{source}: peer_listen = HOST:PORT is wanted, where CometBFT listens to its peers")
    for peer in config.peers:
        if not _PEER.fullmatch(peer):
            raise ConfigError(f"{source}: peers: {peer!r} is not ID@HOST:PORT, its id 40 hex digits")
    url = config.orderer_url
    if url and not url.startswith(("http://", "https://")):
        raise ConfigError(f"{source}: orderer_url is a URL that starts with http:// or https://, not {url!r}")
    if config.url and not is_node_address(config.url):
        raise ConfigError(f"{source}: url = {config.url!r} is no address of a node: {ADDRESS}")


def _check_webhook(url: str, source: str) -> None:
    """Refuse a URL to which alerts would go in the clear, or that says who may post there."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        fits = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
        named = parts.username is not None or parts.port == 0
    except ValueError:
        host, fits, named = "", False, False
    if not host or not fits or named:
        raise ConfigError(f"{source}: webhook is https://HOST/PATH, or http on this machine, not {url!r}")


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        str(value) if isinstance(value, int) else msgspec.json.encode(value).decode()
    )  # a list is TOML's too
