"""What deploy/ holds is run as far as it can be without Docker and systemd: the same programs, the same
arguments, the same environment, in the order of the how-to pages, with stand-ins for what changes a machine.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from consortia.node.cometbft.binary import GET
from consortia.node.cometbft.peering import free_ports
from consortia.node.keys import CREDENTIAL
from tests.cli.terminal import until
from tests.cometbft import needs_cometbft
from tests.loud import loudly
from tests.system import standin
from tests.tidy.source import ROOT

DEPLOY = ROOT / "deploy"
MACHINE = re.compile(r"# at (\S+)\n")
WANTED = "correct horse battery staple"


def unit():
    """The unit's settings, by name; each stands once."""
    lines = (DEPLOY / "consortia.service").read_text().splitlines()
    found = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


def block(lines):
    """A YAML block of maps, lists and plain scalars, all that compose.yaml has; raises ValueError."""
    depth, items, at = _depth(lines[0]), [], 0
    while at < len(lines):
        text, end = lines[at].strip(), at + 1
        while end < len(lines) and _depth(lines[end]) > depth:
            end += 1
        nested = lines[at + 1 : end]
        if text.startswith("- "):
            items.append(_scalar(text[2:]))
        else:
            name, _, rest = text.partition(":")
            items.append((name, block(nested) if nested else _scalar(rest.strip())))
        at = end
    return dict(items) if isinstance(items[0], tuple) else items


def _depth(line):
    return len(line) - len(line.lstrip())


def _scalar(text):
    if text[:1] in set("&*!|>{[%@`"):
        raise ValueError(f"{text!r} is more than this reads")
    return {"true": True, "false": False, "": None}.get(text, text.strip('"'))


def compose():
    lines = (DEPLOY / "compose.yaml").read_text().splitlines()
    return block([line for line in lines if line.strip() and not line.lstrip().startswith("#")])


def dockerfile(word):
    """What stands behind a word of the Dockerfile, the last time."""
    joined = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.removeprefix(word).strip() for line in joined.splitlines() if line.startswith(f"{word} ")]


class Machine:
    """A machine of the how-to pages, in a folder: its tools are stand-ins, its places are replaced."""

    def __init__(self, folder, **place):
        self.root, self.home = folder, folder / "var" / "lib" / "consortia"
        self.cwd = folder / "checkout"
        shutil.copytree(DEPLOY, self.cwd / "deploy")
        node, peers = free_ports(2)
        self.replace = [
            [":7600", f":{node}"],
            [":7601", f":{peers}"],
            ["clinic-a.example", "127.0.0.1"],
            ["clinic-b.example", "127.0.0.1"],
            ["/var/lib/consortia", str(self.home)],
        ]
        self.replace += place.pop("replace", [])
        self.home.parent.mkdir(parents=True)
        (folder / "place.json").write_text(
            json.dumps({"root": str(folder), "replace": self.replace, **place})
        )
        self.tools = folder / "tools"
        self.tools.mkdir()
        body = Path(standin.__file__).read_text()
        for name in standin.TOOLS:
            tool = self.tools / name
            tool.write_text(f"#!{sys.executable}\n{body}")
            tool.chmod(0o755)

    def run(self, script):
        """Run a block of a page; the next goes on where it ended."""
        path = f"{self.tools}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        given = {"PATH": path, "HOME": str(self.root), "STANDIN": str(self.root / "place.json")}
        where = self.root / "where"
        with (self.root / "said").open("a") as said:
            code = subprocess.call(
                ["bash", "-e", "-c", f"{script}\npwd > '{where}'"],
                cwd=self.cwd,
                env=given,
                stdout=said,
                stderr=said,
            )
        assert code == 0, (self.root / "said").read_text()[-3000:]
        self.cwd = Path(where.read_text().strip())

    def status(self):
        """What `consortia status` says at this machine."""
        command = [Path(sys.executable).parent / "consortia", "status", "--json", "--home", self.home]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {"driver": {}, "members": []}

    def end(self):
        """Leave nothing running."""
        pid = self.root / "pid"
        if pid.exists() and standin.runs(int(pid.read_text())):
            os.kill(int(pid.read_text()), 9)


def scripts(page):
    """The shell blocks of a how-to page, in order."""
    return re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "how-to" / page).read_text(), re.DOTALL)


@pytest.mark.slow
@needs_cometbft
def test_the_pages_commands_run_two_members_in_containers(tmp_path):
    service = compose()["services"]["node"]
    image = dict(word.split("=") for word in dockerfile("ENV"))
    machines = {}
    for name in ("clinic-a", "clinic-b"):
        secret = tmp_path / name / "checkout" / "deploy" / "passphrase"
        machines[name] = Machine(
            tmp_path / name,
            replace=[["/run/secrets/passphrase", str(secret)]],
            service=image | service["environment"],
            entrypoint=json.loads(dockerfile("ENTRYPOINT")[0]),
            command=json.loads(dockerfile("CMD")[0]),
            seconds=int(service["stop_grace_period"].removesuffix("s")),
        )
    first, second = machines.values()
    try:
        *steps, stop = scripts("run-in-containers.md")
        for step in steps:
            at = MACHINE.match(step)[1]
            machines[at].run(step)
            invite = first.root / "checkout" / "deploy" / "clinic-b.invite"
            if at == "clinic-a" and invite.exists():
                shutil.copy(invite, second.root / "checkout" / "deploy")
        until(lambda: first.status()["members"] == ["clinic-a", "clinic-b"], "two members")
        until(lambda: second.status()["driver"].get("votes"), "the second votes")
        until(lambda: second.status()["driver"]["peers"] == 1, "their CometBFT meet")
        for machine in (second, first):
            machine.run(stop)
            assert list((machine.root / "read-only").iterdir()) == [], "the container's root is read-only"
    finally:
        first.end()
        second.end()


@pytest.mark.slow
@needs_cometbft
def test_the_pages_commands_run_a_member_as_a_service(tmp_path):
    settings = unit()
    credentials = tmp_path / "machine" / "etc" / "credstore.encrypted"
    machine = Machine(
        tmp_path / "machine",
        replace=[["/opt/", f"{tmp_path}/machine/opt/"]],
        service={"STATE_DIRECTORY": "/var/lib/consortia", "CREDENTIALS_DIRECTORY": str(credentials)},
        command=settings["ExecStart"].split(),
        seconds=int(settings["TimeoutStopSec"]),
    )
    assert settings["LoadCredentialEncrypted"] == CREDENTIAL
    programs, go = machine.root / "opt" / "consortia" / "bin", machine.root / "go" / "bin"
    for folder in (programs, go, machine.root / "etc" / "systemd" / "system"):
        folder.mkdir(parents=True)
    (programs / "consortia").symlink_to(Path(sys.executable).parent / "consortia")
    (programs / "pip").symlink_to(machine.tools / "pip")
    (go / "cometbft").touch()
    (machine.root / "passphrase").write_text(WANTED)
    replaced = [*machine.replace, ["/path/to", str(machine.root)], ["/etc/", f"{machine.root}/etc/"]]
    try:
        for number, script in enumerate(scripts("run-as-a-service.md")):
            for there, here in replaced:
                script = script.replace(there, here)  # noqa: PLW2901 (the same script, here)
            machine.run(script)
            if number == 0:
                until(lambda: machine.status()["driver"].get("running"), "the service's CometBFT runs")
        machine.run("systemctl stop consortia")
    finally:
        machine.end()


def test_systemd_takes_the_unit_as_it_is(tmp_path):
    if shutil.which("systemd-analyze") is None:
        loudly("NOT RUN, systemd's own check of deploy/consortia.service: there is no systemd-analyze here")
        return
    text = (DEPLOY / "consortia.service").read_text()
    program = unit()["ExecStart"].split()[0]
    path = tmp_path / "consortia.service"
    path.write_text(text.replace(program, sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "consortia.service" in line]
    assert ours == []
    path.write_text(text.replace("KillMode=mixed", "KillMode=sometimes"))
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    assert "kill mode" in done.stderr


def test_the_compose_file_names_only_what_there_is():
    found = compose()
    node = found["services"]["node"]
    assert set(node["secrets"]) == set(found["secrets"])
    assert {volume.split(":")[0] for volume in node["volumes"]} == set(found["volumes"])
    assert (
        DEPLOY / node["build"]["context"] / node["build"]["dockerfile"]
    ).resolve() == DEPLOY / "Dockerfile"
    assert {port.split(":")[1] for port in node["ports"]} == set(dockerfile("EXPOSE")[0].split())
    home = dict(word.split("=") for word in dockerfile("ENV"))["CONSORTIA_HOME"]
    assert [volume.split(":")[1] for volume in node["volumes"]] == dockerfile("VOLUME") == [home]
    assert node["read_only"] is True
    assert found["secrets"]["passphrase"]["file"] == "./passphrase"
    with pytest.raises(ValueError, match="more than this reads"):
        block(["a: {b: c}"])


def test_the_image_has_the_version_that_is_wanted_and_what_the_project_asks_for():
    runs = " ".join(dockerfile("RUN"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert GET.removeprefix("CGO_ENABLED=0 ") in runs
    extra = re.search(r'"/src\[(\w+)\]"', runs)[1]
    assert extra in project["optional-dependencies"]
    python = re.search(r"python:3\.(\d+)", dockerfile("FROM")[1])[1]
    assert int(python) >= int(project["requires-python"].removeprefix(">=3."))
    assert dockerfile("STOPSIGNAL") == ["SIGTERM"]
