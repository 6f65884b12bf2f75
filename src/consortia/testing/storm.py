"""One seed's worth of bad luck: a random network, random work, random faults, then calm.

python -m consortia.testing.storm 17          replays seed 17
python -m consortia.testing.storm 0 5000      runs the seeds 0 to 4999
"""

import sys
from dataclasses import dataclass

from consortia.testing.plain import Settle, Stop, Write
from consortia.testing.simulator import STEP_MS, Disk, Weather, World

STORM_MS = 5_000
CALM_MS = 30_000
ENTRIES = 12


@dataclass(slots=True)
class _Storm:
    """The faults in force: when who comes back, and the backup that may be restored."""

    world: World
    back: dict[str, int]
    backup: Disk | None = None

    def each(self, world: World) -> None:
        """What happens before one step."""
        for name in [name for name, time in self.back.items() if time <= world.now]:
            del self.back[name]
            if world.sites[name].node is None:
                world.start(name)
        self._work()
        if world.random.random() < 0.08:
            self._fault()

    def _work(self) -> None:
        world, chance = self.world, self.world.random
        for _ in range(chance.choice((0, 0, 1, 1, 3))):
            name = chance.choice(list(world.sites))
            entry = f"entry-{chance.randrange(ENTRIES)}"
            kinds = (Write(entry, chance.randbytes(8)), Settle(entry), Stop(entry))
            message = chance.choices(kinds, (20, 3, 1))[0]
            at = chance.choice(list(world.sites)) if isinstance(message, Stop) else None
            if world.submit(name, message, at=at) is None:
                world.resync(name)

    def _fault(self) -> None:
        world, chance = self.world, self.world.random
        name = chance.choice(list(world.sites))
        site = world.sites[name]
        fault = chance.choice(
            (
                "crash",
                "crash",
                "stall",
                "part",
                "part",
                "mend",
                "weather",
                "skew",
                "disk",
                "backup",
                "restore",
            )
        )
        if fault == "crash":
            self._down(name)
        elif fault == "stall":
            site.stalled_until = world.now + chance.randrange(100, 1500)
        elif fault == "part" and len(world.sites) > 1:
            group = tuple(chance.sample(list(world.sites), chance.randint(1, len(world.sites) - 1)))
            world.partition(group)
        elif fault == "mend":
            world.cut = frozenset()
        elif fault == "weather":
            world.weather = Weather(5, chance.choice((60, 300, 900)), chance.choice((0, 50, 300)))
        elif fault == "skew":
            site.skew_ms = chance.choice((-60_000, -2_000, -500, 500, 2_000, 4_000))
        elif fault == "disk":
            site.disk.fails = chance.randint(1, 3)
        elif fault == "backup" and site.node is not None:
            self.backup = world.backup(world.orderer)
        elif fault == "restore" and self.backup is not None:
            self._restore(self.backup)

    def _down(self, name: str) -> None:
        self.world.crash(name)
        self.back[name] = self.world.now + self.world.random.randrange(STEP_MS, 2_000)

    def _restore(self, backup: Disk) -> None:
        """The orderer is restored from a backup, once everything it said has reached the others."""
        world = self.world
        node = world.sites[world.orderer].node
        if node is None:  # what its disk holds and never said would be lost with it
            return
        size = node.ledger.tip.size
        others = [site.node for name, site in world.sites.items() if name != world.orderer]
        if not others or any(other is None or other.heads.newest is None for other in others):
            return
        if all(other is not None and other.ledger.tip.size >= size for other in others):
            self._down(world.orderer)
            world.restore(world.orderer, backup)


def run_seed(seed: int) -> World:
    """Run one seed to its end; raises Violation with the seed when a promise is broken."""
    members = 1 + seed % 7 if seed % 5 == 0 else 4
    world = World(seed, members)
    storm = _Storm(world, {})
    world.run(STORM_MS, storm.each)
    world.heal()
    world.settle(CALM_MS)
    if world.submit(world.orderer, Settle("after")) is None:
        world.resync(world.orderer)
        if world.submit(world.orderer, Settle("after")) is None:
            world.judge.fail("after the storm the orderer takes no transaction")
    world.run(200)
    world.settle(CALM_MS)
    world.judge.check_end()
    for name, site in world.sites.items():
        if site.node is not None and site.node.stopped is not None:
            world.judge.fail(f"{name} convicted an honest orderer: {site.node.stopped}")
    return world


def main(arguments: list[str]) -> None:
    """Run the seeds asked for."""
    first = int(arguments[0]) if arguments else 0
    after = int(arguments[1]) if len(arguments) > 1 else first + 1
    for seed in range(first, after):
        world = run_seed(seed)
        tip = world.node(world.orderer).ledger.tip
        print(f"seed {seed}: height {tip.height}, root {tip.root.hex()[:16]}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
