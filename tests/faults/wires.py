"""Wires between members: each in a network namespace of its own, on one bridge, made and removed by the test.

It takes root on Linux and the `ip` command. Elsewhere everybody is on loopback, where no wire can be cut.
"""

import os
import subprocess
import sys

from tests.faults.disks import can
from tests.loud import loudly

_KNOCK = "import socket, sys; socket.create_connection((sys.argv[1], 9), 5)"
"""Nobody listens there, so whoever is reached says no."""


class Wires:
    """A network of these members; `laid` says whether it is there, or all are on loopback."""

    def __init__(self, names):
        self._token = f"{os.getpid() % 0x100000:x}"
        self._numbers = {name: number for number, name in enumerate(names, 1)}
        self._net = f"10.213.{os.getpid() % 256}"
        self.bridge = f"cst{self._token}"
        self.laid = self._lay()
        if not self.laid:
            self.remove()
            loudly("no privilege for network namespaces: the nodes were on loopback, and a wire was not cut")

    def address(self, name):
        """Where a member is."""
        return f"{self._net}.{self._numbers[name]}" if self.laid else "127.0.0.1"

    def within(self, name):
        """What a command begins with that runs at a member's end."""
        return self._within(name) if self.laid else []

    def cut(self, name):
        """Let nothing pass to or from a member."""
        subprocess.run(["ip", "link", "set", self._end(name), "down"], check=True)

    def mend(self, name):
        """Let everything pass again."""
        subprocess.run(["ip", "link", "set", self._end(name), "up"], check=True)

    def remove(self):
        """Take away what was made."""
        for name in self._numbers:
            can("ip", "link", "del", self._end(name))
            can("ip", "netns", "del", self._space(name))
        can("ip", "link", "del", self.bridge)

    def _within(self, name):
        return ["ip", "netns", "exec", self._space(name)]

    def _space(self, name):
        return f"{self.bridge}-{self._numbers[name]}"

    def _end(self, name):
        """The end of a member's wire at the bridge."""
        return f"c{self._token}-{self._numbers[name]}"

    def _lay(self):
        steps = [
            ["link", "add", self.bridge, "type", "bridge"],
            ["addr", "add", f"{self._net}.254/24", "dev", self.bridge],
            ["link", "set", self.bridge, "up"],
        ]
        for name, number in self._numbers.items():
            space, end = self._space(name), self._end(name)
            steps += [
                ["netns", "add", space],
                ["link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", space],
                ["link", "set", end, "master", self.bridge],
                ["link", "set", end, "up"],
                ["-n", space, "addr", "add", f"{self._net}.{number}/24", "dev", "eth0"],
                ["-n", space, "link", "set", "eth0", "up"],
                ["-n", space, "link", "set", "lo", "up"],
            ]
        return all(can("ip", *step) for step in steps) and self._carries()

    def _carries(self):
        """Whether anything passes between two members: a firewall may hold back what crosses a bridge."""
        first, *_, last = self._numbers
        knock = [*self._within(last), sys.executable, "-c", _KNOCK, f"{self._net}.{self._numbers[first]}"]
        said = subprocess.run(knock, capture_output=True, check=False).stderr
        return b"ConnectionRefusedError" in said
