"""The command line: nouns, then verbs.

Commands are imported when they are run, so that `consortia --help` answers at once. Exit codes: 0 done or
true, 1 refused or false, 2 wrong usage, 3 could not check, 4 (`up`) software too old for the next block.
"""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from consortia.cli.output import Failure, report_failure
from consortia.node.collector import look_seldom

_COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("consortia.cli.demo:demo", "Run a story on real data, in real processes, and check it."),
    "init": ("consortia.cli.network:init", "Make a network: home, keys, genesis."),
    "invite": ("consortia.cli.joining:invite", "Invite another organisation: writes one file."),
    "join": ("consortia.cli.joining:join", "Join a network by its invite file."),
    "up": ("consortia.cli.network:up", "Run this member's node."),
    "status": ("consortia.cli.standing:status", "Height, members, roots, peers: how the node stands."),
    "console": ("consortia.cli.looking:console", "The console's address, for a browser on this machine."),
    "doctor": ("consortia.cli.doctor:doctor", "What is wrong with a home, and how to mend it."),
    "network": ("consortia.cli.handing:network", "The network: who orders its blocks; hand that over."),
    "member": ("consortia.cli.members:member", "Members: list, admit, approve, remove, leave."),
    "key": ("consortia.cli.keys:key", "Keys: list, new, revoke, rotate, recover."),
    "token": ("consortia.cli.tokens:token", "Tokens for people: new, list, end."),
    "person": ("consortia.cli.persons:person", "Persons with keys of their own: new, enrol, list, release."),
    "mandate": ("consortia.cli.mandates:mandate", "What agents may do: grant, show, list, end."),
    "agent": ("consortia.cli.agents:agent", "Agents: run one under its mandate, show its record."),
    "asset": ("consortia.cli.assets:asset", "Data sets, models, batches: add, show, grant, lineage."),
    "consent": ("consortia.cli.consents:consent", "What people agreed to: give, cover, withdraw, uses."),
    "health": ("consortia.cli.health:health", "FHIR R4, OMOP, CSV: study tables, consents, uses."),
    "supply": ("consortia.cli.supply:supply", "EPCIS 2.0: capture, query, trace, recall, sheet, links."),
    "personal": ("consortia.cli.personal:personal", "Items people had, consent, reasons, own log."),
    "signals": (
        "consortia.cli.signals:signals",
        "Traffic: study tables of flows; decide again what lights decided.",
    ),
    "control": ("consortia.cli.operations:control", "Commands within voted bounds; take over, hand back."),
    "notice": ("consortia.cli.operations:notice", "Notices with answers due, such as recalls."),
    "register": ("consortia.cli.operations:register", "What may be done once to each thing: claims."),
    "study": ("consortia.cli.studies:study", "Training: propose, join, start, show, watch."),
    "market": ("consortia.cli.markets:market", "Sealed call auctions: new, order, clear, book, statement."),
    "unit": ("consortia.cli.units:unit", "Units of value: new, issue, redeem, list."),
    "account": ("consortia.cli.accounts:account", "Value: show, pay, escrow, offer, payout, hold."),
    "guard": ("consortia.cli.guards:guard", "What watches the ledger: run, train, policy, suspend."),
    "alert": ("consortia.cli.guards:alert", "Alerts: list, show, check, assign, label, allow."),
    "payments": ("consortia.cli.payments:payments", "ISO 20022 files, features of all banks' sums, rings."),
    "case": ("consortia.cli.cases:case", "Case files: alerts on payments with proofs, for verify."),
    "ballot": ("consortia.cli.ballots:ballot", "Secret elections: open, cast, check, tally."),
    "proposal": ("consortia.cli.proposals:proposal", "Decide together: new, show, vote, tally, execute."),
    "charter": ("consortia.cli.charters:charter", "How the members decide; what the council paused."),
    "verify": ("consortia.cli.verify:verify", "Check a proof file offline, step by step."),
    "audit": ("consortia.cli.audit:audit", "Replay and re-compute everything in a home."),
    "export": ("consortia.cli.archive:export", "Leave with all your data: one archive file."),
    "import": ("consortia.cli.archive:import_", "Start again from an export, with the same root."),
    "backup": ("consortia.cli.archive:backup", "Copy a home while its node runs."),
    "restore": ("consortia.cli.archive:restore", "Make a home of a backup."),
    "localnet": ("consortia.cli.localnet:localnet", "A whole network on this machine, until stopped."),
    "new": ("consortia.cli.new:new", "Make a recipe, module or solution of the right shape."),
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are asked for, and listed without being imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order in which a newcomer meets them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{name} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a word that is none is answered with those that it may stand for."""
        word = args[0]
        if word not in _COMMANDS and not word.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(word, _COMMANDS)
            meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            ctx.fail(f"No such command {word!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their one line each."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="consortia", prog_name="consortia")
def cli() -> None:
    """Train, govern and use AI together, on a ledger none of you can rewrite.

    Start with `consortia demo health`.
    """


def _quiet_end() -> None:
    """Whoever read standard output went away: end as other tools do, without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(141) from None


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends the process with its exit code."""
    look_seldom()
    run: Callable[..., Any] = cli.main
    try:
        code = run(args=arguments, prog_name="consortia", standalone_mode=False)
    except click.exceptions.Abort:
        raise SystemExit(130) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except Failure as failure:
        report_failure(failure)
        raise SystemExit(failure.code) from None
    except BrokenPipeError:
        _quiet_end()
    except Exception as error:  # noqa: BLE001 (a person gets one line and a remedy, whatever happened)
        from consortia.cli.errors import explain

        told = explain(error)
        report_failure(told)
        raise SystemExit(told.code) from None
    raise SystemExit(code if isinstance(code, int) else 0)
