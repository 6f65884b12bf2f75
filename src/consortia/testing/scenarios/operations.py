"""What is done to operations, and what it answers."""

from collections.abc import Callable

from consortia.base.codec import Record
from consortia.base.times import DAY
from consortia.modules.operations import messages as asked
from consortia.modules.operations.types import DUE_MILLISECONDS_MAX, OPEN_NOTICES_MAX, Bound
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Step, step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.governance_parts import executes, ready, row
from consortia.testing.scenarios.operations_parts import (
    BOUNDS,
    CROSSING,
    GAP,
    claimed,
    command,
    crossing,
    opened,
    recall,
    recalled,
    reply,
    tags,
    taken,
    voted,
)

Setup = Callable[[Bench], Step]


def _voting(message: Record) -> Setup:
    return lambda bench: executes(ready(bench, "charter", message))


def _voting_after(bench: Bench, message: Record) -> Step:
    voted(bench)
    return executes(ready(bench, "charter", message))


def _commands(*acts: tuple[int, int, int], member: str = "east", role: str = "worker") -> Setup:
    def setup(bench: Bench) -> Step:
        voted(bench)
        return step(member, role, command(*acts))

    return setup


def _commands_again(*acts: tuple[int, int, int]) -> Setup:
    def setup(bench: Bench) -> Step:
        voted(bench)
        bench.ok("east", "worker", command())
        return step("east", "worker", command(*acts))

    return setup


def _taken(member: str, role: str, message: Record) -> Setup:
    def setup(bench: Bench) -> Step:
        taken(bench)
        return step(member, role, message)

    return setup


def _free(member: str, role: str, message: Record) -> Setup:
    def setup(bench: Bench) -> Step:
        voted(bench)
        return step(member, role, message)

    return setup


def _ended(message: Record) -> Setup:
    def setup(bench: Bench) -> Step:
        voted(bench)
        voted(bench, asked.EndControl(CROSSING))
        return step("east", "worker", message)

    return setup


def _other_version(bench: Bench) -> Step:
    voted(bench)
    voted(bench, crossing(bounds=(Bound("green", 15, 60), BOUNDS[1])))
    return step("east", "worker", command())


def _vote_hands_back(bench: Bench) -> Step:
    taken(bench)
    voted(bench, crossing())
    return step("east", "worker", command(version=2))


def _ahead(milliseconds: int) -> Setup:
    def setup(bench: Bench) -> Step:
        voted(bench)
        return step("east", "worker", command((bench.time + milliseconds, 10, 0)))

    return setup


def _used_up(bench: Bench) -> Step:
    voted(bench)
    bench.ok("east", "worker", command((bench.time + DAY, 10, 0)))
    bench.ok("south", "operator", OVER)
    return step("south", "operator", command((bench.time + GAP, 30, 1)))


OVER = asked.TakeOver(CROSSING, digest("an accident"))
BACK = asked.HandBack(CROSSING)


def _notifies(**fields: object) -> Setup:
    return lambda bench: step("north", "operator", recall(bench, **fields))


def _due_at(offset: int) -> Setup:
    return lambda bench: step("north", "operator", recall(bench, due=bench.time + offset))


def _replies(member: str = "east") -> Setup:
    return lambda bench: step(member, "worker", reply(recalled(bench)))


def _late(bench: Bench) -> Step:
    found = recalled(bench)
    bench.time += 2 * DAY
    return step("east", "operator", reply(found))


def _replies_twice(bench: Bench) -> Step:
    found = recalled(bench)
    bench.ok("east", "operator", reply(found))
    return step("east", "operator", reply(found, 0))


def _closed(bench: Bench, *members: str) -> bytes:
    found = recalled(bench)
    for name in members:
        bench.ok(name, "worker", reply(found))
    if len(members) < 2:
        bench.time += 2 * DAY
    return found


def _closes(*members: str, by: str = "north") -> Setup:
    return lambda bench: step(by, "operator", asked.CloseNotice(_closed(bench, *members)))


def _closes_twice(bench: Bench) -> Step:
    found = _closed(bench, "east", "west")
    bench.ok("north", "operator", asked.CloseNotice(found))
    return step("north", "operator", asked.CloseNotice(found))


def _closes_early(bench: Bench) -> Step:
    found = recalled(bench)
    bench.ok("east", "worker", reply(found))
    return step("north", "operator", asked.CloseNotice(found))


def _replies_to_closed(bench: Bench) -> Step:
    found = _closed(bench, "east")
    bench.ok("north", "operator", asked.CloseNotice(found))
    return step("west", "worker", reply(found))


def _too_many(bench: Bench) -> Step:
    many = tuple(recall(bench, subject=digest(f"lot {each}")) for each in range(OPEN_NOTICES_MAX))
    bench.ok("north", "operator", *many[: OPEN_NOTICES_MAX // 2])
    bench.ok("north", "operator", *many[OPEN_NOTICES_MAX // 2 :])
    return step("north", "operator", recall(bench))


def _opens(*members: str, after: bytes | None = None) -> Setup:
    return lambda _: step("north", "admin", asked.OpenRegister("made", members, after))


def _claims(*numbers: int, member: str = "east") -> Setup:
    return lambda bench: step(member, "worker", asked.Claim(claimed(bench), tags(*numbers)))


def _claims_unsorted(bench: Bench) -> Step:
    return step("north", "worker", asked.Claim(claimed(bench), tags(7, 8)[::-1]))


def _sells(*numbers: int) -> Setup:
    def setup(bench: Bench) -> Step:
        sold = opened(bench, "sold", claimed(bench))
        return step("east", "worker", asked.Claim(sold, tags(*numbers)))

    return setup


def _sells_twice(bench: Bench) -> Step:
    sold = opened(bench, "sold", claimed(bench))
    bench.ok("north", "operator", asked.Claim(sold, tags(2)))
    return step("east", "worker", asked.Claim(sold, tags(1, 2)))


def _shuts(member: str) -> Setup:
    return lambda bench: step(member, "operator", asked.CloseRegister(claimed(bench)))


def _after_the_end(message: Callable[[bytes], Record]) -> Setup:
    def setup(bench: Bench) -> Step:
        found = claimed(bench)
        bench.ok("north", "operator", asked.CloseRegister(found))
        return step("north", "operator", message(found))

    return setup


NOTHING = digest("nothing")

DONE = (
    row("the members vote the bounds of a crossing", _voting(crossing())),
    row("the members vote other bounds", lambda bench: _voting_after(bench, crossing(gap=1))),
    row("the members end a control", lambda bench: _voting_after(bench, asked.EndControl(CROSSING))),
    row("a program commands within the bounds", _commands()),
    row("a command at every bound", _commands((1, 10, 0), (1 + GAP, 60, 3))),
    row("a command a day ahead", _ahead(DAY)),
    row("a second command, just a gap later", _commands_again((2 * GAP, 10, 0))),
    row("an overseer takes a crossing over", _free("south", "operator", OVER)),
    row("the member's officers take their own over", _free("east", "admin", OVER)),
    row("whoever took over commands by hand", _taken("south", "operator", command())),
    row("whoever took over counts from the block, as a program used up time to come", _used_up),
    row("whoever took over hands back", _taken("south", "admin", BACK)),
    row("a new vote hands back", _vote_hands_back),
    row("a recall is issued", _notifies()),
    row("a recall that is due at the last moment", _due_at(DUE_MILLISECONDS_MAX)),
    row("a recall is answered", _replies()),
    row("a recall is answered late", _late),
    row("a recall that everybody answered is closed", _closes("east", "west")),
    row("a recall is closed, and names who never answered", _closes("east")),
    row("a register is opened", _opens("east", "north")),
    row("things are claimed", _claims(7, 8)),
    row("what was made is sold", _sells(1, 3)),
    row("a register is closed", _shuts("north")),
)

VOTED_IN_VAIN = (
    row("overseers out of order", _voting(crossing(overseers=("west", "south")))),
    row("fields out of order", _voting(crossing(bounds=BOUNDS[::-1]))),
    row("a stranger is to command", _voting(crossing(member="forest"))),
    row("a stranger is to oversee", _voting(crossing(overseers=("forest",)))),
    row("bounds that hold nothing", _voting(crossing(bounds=(Bound("a", 2, 1),)))),
    row("an end of nothing", _voting(asked.EndControl("valve"))),
)

REFUSED = (
    row(
        "a command of what was never voted",
        lambda _: step("east", "worker", command()),
        "operations.unknown_control",
    ),
    row("a command after the end", _ended(command()), "operations.unknown_control"),
    row("another member's program commands", _commands(member="west"), "operations.not_operator"),
    row("officers command what they did not take over", _commands(role="operator"), "operations.not_taken"),
    row(
        "a program commands what is taken over", _taken("east", "worker", command()), "operations.taken_over"
    ),
    row(
        "other officers command what is taken over",
        _taken("east", "operator", command()),
        "operations.taken_over",
    ),
    row(
        "the program of whoever took over commands",
        _taken("south", "worker", command()),
        "operations.taken_over",
    ),
    row("a command by old bounds", _other_version, "operations.old_version"),
    row("a command below the bounds", _commands((1, 9, 0)), "operations.out_of_bounds"),
    row("a command above the bounds", _commands((1, 10, 0), (1 + GAP, 10, 4)), "operations.out_of_bounds"),
    row(
        "a command of too few fields",
        _free("east", "worker", asked.Command(CROSSING, 1, (asked.Act(1, (10,)),), NOTHING)),
        "operations.out_of_bounds",
    ),
    row(
        "a command by hand outside the bounds",
        _taken("south", "operator", command((1, 99, 0))),
        "operations.out_of_bounds",
    ),
    row("two acts too close", _commands((1, 10, 0), (GAP, 10, 0)), "operations.too_soon"),
    row("a command sooner than the gap", _commands_again((2 * GAP - 1, 10, 0)), "operations.too_soon"),
    row("a command dated back", _commands_again((1, 10, 0)), "operations.too_soon"),
    row("an act a day ahead and more", _ahead(DAY + 1), "operations.too_far"),
    row("a stranger takes over", _free("west", "operator", OVER), "operations.not_overseer"),
    row("what is taken over is taken over", _taken("east", "operator", OVER), "operations.taken_over"),
    row("nothing is taken over", lambda _: step("south", "operator", OVER), "operations.unknown_control"),
    row("what nobody took is handed back", _free("south", "operator", BACK), "operations.not_taken"),
    row("what another took is handed back", _taken("east", "operator", BACK), "operations.not_taken"),
    row("nothing is handed back", lambda _: step("south", "operator", BACK), "operations.unknown_control"),
    row("a recall to members out of order", _notifies(to=("west", "east")), "operations.unsorted"),
    row("a recall to a stranger", _notifies(to=("east", "forest")), "operations.unknown_member"),
    row("a recall due already", _due_at(0), "operations.bad_due"),
    row("a recall due too late", _due_at(DUE_MILLISECONDS_MAX + 1), "operations.bad_due"),
    row("a seventeenth recall", _too_many, "operations.too_many_open"),
    row(
        "an answer to nothing",
        lambda _: step("east", "operator", reply(NOTHING)),
        "operations.unknown_notice",
    ),
    row("an answer to a recall that is closed", _replies_to_closed, "operations.closed"),
    row("an answer of a member that was not asked", _replies("south"), "operations.not_asked"),
    row("a second answer", _replies_twice, "operations.answered"),
    row(
        "a close of nothing",
        lambda _: step("north", "operator", asked.CloseNotice(NOTHING)),
        "operations.unknown_notice",
    ),
    row("another member closes a recall", _closes("east", "west", by="east"), "operations.not_yours"),
    row("a recall closed twice", _closes_twice, "operations.closed"),
    row("a recall closed while answers are due", _closes_early, "operations.still_awaited"),
    row("a register after none", _opens("east", after=NOTHING), "operations.unknown_register"),
    row("a register of members out of order", _opens("north", "east"), "operations.unsorted"),
    row("a register of strangers", _opens("forest"), "operations.unknown_member"),
    row(
        "a claim in no register",
        lambda _: step("east", "worker", asked.Claim(NOTHING, tags(1))),
        "operations.unknown_register",
    ),
    row("things claimed out of order", _claims_unsorted, "operations.unsorted"),
    row(
        "a claim after the end", _after_the_end(lambda each: asked.Claim(each, tags(7))), "operations.closed"
    ),
    row("a claim of a member without a place", _claims(7, member="west"), "operations.not_in_register"),
    row("a copied serial is made again", _claims(2, 7), "operations.claimed"),
    row("a copied serial is sold again", _sells_twice, "operations.claimed"),
    row("an invented serial is sold", _sells(1, 99), "operations.unclaimed"),
    row("another member closes a register", _shuts("east"), "operations.not_yours"),
    row("a register closed twice", _after_the_end(asked.CloseRegister), "operations.closed"),
    row(
        "no register is closed",
        lambda _: step("north", "operator", asked.CloseRegister(NOTHING)),
        "operations.unknown_register",
    ),
)

SCENARIOS = DONE + VOTED_IN_VAIN + REFUSED
