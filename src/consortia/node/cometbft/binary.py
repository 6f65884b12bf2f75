"""The CometBFT program: where it is looked for, and which versions are taken."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "cometbft"
VERSION = "0.39.4"
ACCEPTED = (VERSION, "0.38.25")
"""The version that new nodes run, and what may still run beside it: same wire, same store, same calls."""

GET = f"CGO_ENABLED=0 go install github.com/cometbft/cometbft/cmd/cometbft@v{VERSION}"
"""The one command that gets it, on a machine with Go."""

RELEASES = f"https://github.com/cometbft/cometbft/releases/tag/v{VERSION}"
SECONDS_MAX = 20.0


class CometBftError(RuntimeError):
    """Why CometBFT cannot be run; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A CometBFT program that can be run, and its version."""

    path: Path
    version: str


def find(setting: str, home: Path, environment: Mapping[str, str]) -> Binary:
    """The program to run; raises CometBftError.

    It is the one that the setting `cometbft` names. Without one it is the first of an accepted version on the
    PATH, beside this Python, in the home's own `bin`, or where Go installs.
    """
    if setting:
        return _checked(Path(setting).expanduser())
    refused = []
    for path in _places(home, environment):
        try:
            return _checked(path)
        except CometBftError as error:
            refused.append(str(error))
    seen = "".join(f" ({text})" for text in refused)
    raise CometBftError(
        f"this network is ordered by CometBFT, and CometBFT {VERSION} was not found{seen}. Get it: {GET} "
        f'or from {RELEASES}; then put it on the PATH, or name it in consortia.toml: cometbft = "..."'
    )


def _places(home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """The files of that name that exist, in the order in which they are tried."""
    on_path = shutil.which(NAME, path=environment.get("PATH", os.defpath))
    if on_path is not None:
        yield Path(on_path)
    go = environment.get("GOBIN") or Path(environment.get("GOPATH") or Path.home() / "go") / "bin"
    for folder in (Path(sys.executable).parent, home / "bin", Path(go)):
        if (folder / NAME).is_file():
            yield folder / NAME


def _checked(path: Path) -> Binary:
    """The program at `path`, asked for its version; raises CometBftError."""
    try:
        told = subprocess.run(
            [path, "version"], capture_output=True, text=True, timeout=SECONDS_MAX, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise CometBftError(f"{path} cannot be run: {error}") from None
    version = told.strip().removeprefix("v").partition("+")[0]
    if version not in ACCEPTED:
        raise CometBftError(f"{path} is version {version or '?'}; {' or '.join(ACCEPTED)} is wanted")
    return Binary(path, version)
