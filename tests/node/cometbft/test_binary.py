"""The CometBFT program is found where people put it, and only a version that is known to fit is run."""

import pytest

from consortia.node.cometbft import binary
from consortia.node.cometbft.binary import CometBftError, find


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    monkeypatch.setattr(binary.sys, "executable", str(tmp_path / "python" / "python"))
    monkeypatch.setattr(binary.Path, "home", classmethod(lambda cls: tmp_path / "user"))


def program(folder, says):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cometbft"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_it_is_the_one_of_the_setting(tmp_path):
    path = program(tmp_path / "mine", "0.39.4")
    program(tmp_path / "path", "0.38.25")
    found = find(str(path), tmp_path, {"PATH": str(tmp_path / "path")})
    assert (found.path, found.version) == (path, "0.39.4")


def test_a_setting_that_names_another_version_is_refused(tmp_path):
    path = program(tmp_path / "mine", "1.0.1")
    with pytest.raises(CometBftError, match=r"is version 1\.0\.1; 0\.39\.4 or 0\.38\.25 is wanted"):
        find(str(path), tmp_path, {"PATH": ""})


@pytest.mark.parametrize("place", ["path", "python", "home/bin", "user/go/bin"])
def test_it_is_found_on_the_path_beside_python_in_the_home_or_where_go_installs(tmp_path, place):
    path = program(tmp_path / place, "v0.38.25+abc")
    found = find("", tmp_path / "home", {"PATH": str(tmp_path / "path")})
    assert (found.path, found.version) == (path, "0.38.25")


def test_go_says_itself_where_it_installs(tmp_path):
    path = program(tmp_path / "go" / "bin", "0.39.4")
    assert find("", tmp_path, {"PATH": "", "GOPATH": str(tmp_path / "go")}).path == path
    assert find("", tmp_path, {"PATH": "", "GOBIN": str(path.parent)}).path == path


def test_an_old_one_on_the_path_does_not_hide_a_good_one(tmp_path):
    program(tmp_path / "path", "0.34.0")
    path = program(tmp_path / "home" / "bin", "0.39.4")
    assert find("", tmp_path / "home", {"PATH": str(tmp_path / "path")}).path == path


def test_where_there_is_none_the_one_command_that_gets_it_is_printed(tmp_path):
    with pytest.raises(CometBftError) as told:
        find("", tmp_path, {"PATH": ""})
    command = "CGO_ENABLED=0 go install github.com/cometbft/cometbft/cmd/cometbft@v0.39.4"
    assert command in str(told.value)


def test_what_cannot_be_run_is_told(tmp_path):
    with pytest.raises(CometBftError, match="cannot be run"):
        find(str(tmp_path / "nothing"), tmp_path, {"PATH": ""})
