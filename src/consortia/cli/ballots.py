"""`consortia ballot`: secret elections: open, cast, check, count."""

from pathlib import Path

import click

from consortia.base.hashing import tagged
from consortia.base.ids import digest_from_hex
from consortia.cli.ballot_check import check, tally
from consortia.cli.elections import SUBJECT_TAG, find_election, progress_of, tracker_path
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, USAGE, Failure, facts, note, say, table
from consortia.cli.session import Door, at_home, tell_done
from consortia.exact.ballot import make_ballot
from consortia.exact.elgamal import threshold
from consortia.modules.ballots.messages import Cast, OpenElection
from consortia.modules.ballots.queries import ById, ElectionView, TrusteesView, step_of
from consortia.modules.ballots.rules import terms as terms_of
from consortia.modules.ballots.types import Times
from consortia.sdk.ballots import all_elections
from consortia.sdk.elections import challenged, draw_nonces
from consortia.sdk.jsonform import to_json
from consortia.sdk.moments import moment, utc_milliseconds
from consortia.workers import files

FINAL_SECONDS = 15.0


@click.group()
def ballot() -> None:
    """Secret elections: who voted is public, what they chose is not.

    A unanimous count tells everybody's choice, and t of the trustees together can read every ballot.
    """


@ballot.command("list")
@home_option
@json_option
def list_elections(*, home: Path | None, as_json: bool) -> int:
    """List the elections of the network."""
    views = all_elections(Door(at_home(home)))
    if as_json:
        facts({"elections": views})
        return DONE
    rows = [
        [view.election.id.hex()[:16], _step(view), str(view.progress.ballots), view.election.title]
        for view in views
        if view.election is not None and view.progress is not None
    ]
    table(rows, ["election", "now", "ballots", "title"])
    return DONE


@ballot.command()
@click.argument("which", metavar="ELECTION")
@home_option
@json_option
def show(*, which: str, home: Path | None, as_json: bool) -> int:
    """Show an ELECTION: its choices, its times, its trustees, and who voted."""
    session = at_home(home)
    view = find_election(session, which)
    election, progress = progress_of(view)
    made = session.ask("ballots.trustees", ById(election.id), TrusteesView)
    if as_json:
        facts({**to_json(view), "made": made})
        return DONE
    say(f"{click.style(election.title, bold=True)}")
    say(f"id         {election.id.hex()}")
    say(f"now        {_step(view)}")
    say(f"choices    {', '.join(election.choices)}")
    say(f"ballots    {progress.ballots} of {len(election.voters)} voters")
    for name, end in zip(
        ("commit", "open", "complain", "vote", "decrypt"), election.times.rising(), strict=True
    ):
        say(f"{name:10} until {moment(end)}")
    say(f"trustees   {len(election.trustees)}, {threshold(len(election.trustees))} are needed")
    done = {each.name: "committed" for each in made.trustees}
    done |= {each.name: "dealt" for each in made.trustees if each.trustee.dealing is not None}
    done |= {
        each.name: f"convicted by {each.trustee.accuser}" for each in made.trustees if each.trustee.accuser
    }
    done |= {each.name: "decrypted" for each in made.parts}
    for trustee in election.trustees:
        say(f"  {trustee:10} {done.get(trustee, '-')}")
    if progress.counts is not None:
        say(
            "count      "
            + ", ".join(f"{a} {b}" for a, b in zip(election.choices, progress.counts, strict=True))
        )
    if progress.failure is not None:
        say(f"failed     {progress.failure}")
    return DONE


@ballot.command("open")
@click.argument("title")
@click.option("--choice", "choices", multiple=True, required=True, help="A choice; abstaining is one too.")
@click.option(
    "--trustee", "trustees", multiple=True, required=True, help="A member that holds a share of the key."
)
@click.option("--subject", metavar="HASH", help="What is decided, 64 hex digits; else a hash of the title.")
@click.option(
    "--prepare-seconds",
    type=click.IntRange(1),
    default=3600,
    show_default=True,
    help="For each of the trustees' three steps.",
)
@click.option(
    "--vote-seconds", type=click.IntRange(1), default=3 * 86_400, show_default=True, help="For voting."
)
@click.option(
    "--decrypt-seconds",
    type=click.IntRange(1),
    default=86_400,
    show_default=True,
    help="For the trustees to decrypt.",
)
@home_option
@json_option
def open_election(
    *,
    title: str,
    choices: tuple[str, ...],
    trustees: tuple[str, ...],
    subject: str | None,
    prepare_seconds: int,
    vote_seconds: int,
    decrypt_seconds: int,
    home: Path | None,
    as_json: bool,
) -> int:
    """Open an election with a TITLE among all members of this moment."""
    session = at_home(home)
    about = tagged(SUBJECT_TAG, title.encode()) if subject is None else _hash(subject)
    ends, at = [], utc_milliseconds()
    for seconds in (prepare_seconds, prepare_seconds, prepare_seconds, vote_seconds, decrypt_seconds):
        at += 1_000 * seconds
        ends.append(at)
    message = OpenElection(about, title, choices, tuple(sorted(set(trustees))), Times(*ends))
    receipt = session.submit(message)
    election = bytes(receipt.events[0].body["election"])  # type: ignore[call-overload]
    text = f"election {election.hex()} is open; its trustees make the key"
    tell_done(receipt, text, as_json=as_json, election=election)
    return DONE


@ballot.command()
@click.argument("which", metavar="ELECTION")
@click.argument("choice")
@click.option("--yes", is_flag=True, help="Cast it without asking whether it is challenged.")
@click.option(
    "--challenge-to",
    type=click.Path(path_type=Path),
    default=Path("challenged.json"),
    show_default=True,
    help="Where a challenged ballot is written.",
)
@home_option
@json_option
def cast(*, which: str, choice: str, yes: bool, challenge_to: Path, home: Path | None, as_json: bool) -> int:
    """Cast the member's ballot for a CHOICE in an ELECTION, or challenge it. The last ballot counts.

    First the ballot's hash is shown. Whoever doubts this program answers `challenge`: then the ballot is
    written to a file with all that it was made from, and never cast; `consortia ballot check FILE`, on any
    machine, says what it holds. Then vote again. A program that cheats cannot know which answer comes.
    """
    session = at_home(home)
    view = find_election(session, which)
    election, progress = progress_of(view)
    if choice not in election.choices:
        raise Failure(f"there is no choice {choice!r}", f"one of {', '.join(election.choices)}", code=USAGE)
    if progress.key is None:
        raise Failure("the trustees have not made the key yet", f"consortia ballot show {which}")
    session.client.wait_final(session.client.status().height, FINAL_SECONDS)
    terms, chosen = terms_of(session.client.network, election, progress.key), election.choices.index(choice)
    nonces = draw_nonces(len(election.choices))
    made = make_ballot(terms, session.member, chosen, nonces)
    note(f"ballot {made.hash().hex()}")
    if (
        not yes
        and click.prompt("Cast it, or challenge it?", type=click.Choice(["cast", "challenge"]), err=True)
        == "challenge"
    ):
        shown = to_json(challenged(terms, session.member, chosen, nonces, made))
        challenge_to.write_text(_json(shown), encoding="utf-8")
        text = f"not cast: what it was made from stands in {challenge_to}"
        if as_json:
            facts({"challenged": str(challenge_to), "ballot": made.hash()})
        else:
            say(text)
        return DONE
    receipt = session.submit(Cast(election.id, made))
    files.write(tracker_path(session.home, election.id), made.hash())
    tell_done(receipt, f"ballot {made.hash().hex()} is cast", as_json=as_json, ballot=made.hash())
    return DONE


def _step(view: ElectionView) -> str:
    """What is due, by this machine's clock: the ledger's stands still while nothing happens."""
    election, progress = progress_of(view)
    step = step_of(election, progress, utc_milliseconds())
    if step == "over" or progress.counts is not None:
        return "decided" if progress.failure is None else "failed"
    return step


def _hash(text: str) -> bytes:
    found = digest_from_hex(text)
    if found is None:
        raise click.BadParameter("a hash has 64 hex digits", param_hint="--subject")
    return found


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=1) + "\n"


ballot.add_command(check)
ballot.add_command(tally)
