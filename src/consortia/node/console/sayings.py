"""Transactions in words: what each message asks for, in a sentence; and any other by its name and fields."""

import re
from collections.abc import Mapping
from json import dumps

from consortia.sdk.values import phrase, words

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
"""What reads as one word, such as a name, stands without quotes (`sign.js` has the same rule)."""

SAYINGS: dict[str, str] = {
    "identity.propose_member": "proposes that {name} becomes a member",
    "identity.approve_member": "approves that {name} becomes a member",
    "identity.accept": "accepts its membership",
    "identity.propose_removal": "proposes that {name} is removed",
    "identity.approve_removal": "approves that {name} is removed",
    "identity.leave": "leaves the network",
    "identity.add_key": "adds a key: {key}",
    "identity.revoke_key": "revokes the key {key}",
    "identity.set_endpoint": "says that its node is at {url}",
    "identity.grant_mandate": "lets {agent} act: {methods}",
    "identity.end_mandate": "ends the mandate {mandate}",
    "identity.enrol": "lets the person {label} sign what concerns it",
    "identity.rekey": "takes another key, as a person",
    "identity.release": "releases the person {label}",
    "assets.register": "registers {kind} {name}: {title}",
    "assets.new_version": "gives asset {asset} a new version",
    "assets.grant": "lets others {right} asset {asset}: {permissions}",
    "assets.revoke": "takes from {grantees} the right to {right} asset {asset}",
    "assets.withdraw": "withdraws asset {asset} from new use",
    "assets.mark_erased": "has erased version {version} of asset {asset}",
    "predictions.record_batch": "records {count} predictions of model {model}",
    "training.limit_budget": "limits the privacy budget of data set {dataset} to {limit} nano-rho",
    "training.join": "joins study {study}",
    "training.leave": "leaves study {study}",
    "training.start": "starts study {study}",
    "training.cancel": "cancels study {study}",
    "training.publish_keys": "publishes its masking keys for round {round}",
    "training.deal_shares": "deals sealed shares of its masks for round {round}",
    "training.reveal": "reveals its shares, so that the masks of those who are missing fall away",
    "training.submit": "hands in its update for round {round}",
    "training.close": "closes the step of round {round} that is due",
    "training.commit_result": "commits to its own re-computation of round {round}",
    "training.open_result": "opens its re-computation of round {round}",
    "training.finish": "finishes study {study}: its model becomes an asset",
    "bank.transfer": "pays {amount} of unit {unit} to {payee}",
    "market.commit": "places a sealed order",
    "market.reveal": "opens its order",
    "market.clear": "clears auction {auction}",
    "market.settle": "settles auction {auction}",
    "governance.propose": "proposes: {title}",
    "governance.cast_vote": "votes {choice} on proposal {proposal}",
    "governance.close": "closes the vote on proposal {proposal}",
    "governance.execute": "has proposal {proposal} carried out",
    "governance.end_agent": "ends the agent of mandate {mandate}",
    "governance.object": "objects to proposal {proposal}",
    "governance.cancel": "takes its proposal {proposal} back",
    "governance.delegate": "lets {to} vote for it on proposals of class {kind}",
    "governance.end_delegation": "votes for itself again on proposals of class {kind}",
    "governance.ask_pause": "asks the council to pause {target}",
    "governance.approve_pause": "approves that {target} is paused",
    "governance.set_charter": "puts another charter in force",
    "governance.schedule_upgrade": "schedules an upgrade to {software}",
    "governance.release_model": "releases model {model}",
    "governance.schedule_member": "puts the {change} of {name} on record",
    "governance.spend": "pays {amount} of unit {unit} from the treasury to {payee}",
    "governance.set_bounds": "sets parameter {name} to {value}, between {low} and {high}",
    "governance.set_parameter": "sets parameter {name} to {value}",
    "training.raise_budget": "raises the privacy budget of data set {dataset} to {limit} nano-rho",
    "guard.empower": "lets the guard of {member} suspend others",
    "guard.disempower": "no longer lets the guard of {member} suspend others",
    "guard.assign": "takes alert {alert}",
    "guard.answer": "answers alert {alert}",
    "guard.label_alert": "says that alert {alert} was {label}",
    "guard.appeal": "appeals against its suspension",
    "operations.notify": "sends a {kind} to {to}",
    "operations.reply": "answers notice {notice}",
    "bank.new_unit": "opens the unit {code}: {title}",
    "market.open": "opens the market {name}: {title}",
    "market.fund": "puts {amount} of unit {unit} into its account in market {market}",
    "market.cancel": "takes an order back",
    "ballots.open_election": "opens a secret ballot: {title}",
    "ballots.begin_voting": "begins the voting in election {election}",
    "ballots.close_voting": "closes the voting in election {election}",
    "ballots.decrypt": "gives its part of the count of election {election}",
    "ballots.cast": "casts a sealed ballot in election {election}",
    "guard.raise_alert": "raises an alert",
    "guard.suspend": "suspends a member over alert {alert}",
    "guard.lift": "lifts the suspension of {target}",
    "consent.give": "records a person's consent on data set {dataset}",
    "consent.agree": "consents, as a person, on data set {dataset}",
    "consent.withdraw": "records that a person withdrew its consent on data set {dataset}",
}
"""What a message asks for, after the name of who signed it; braces name its fields."""


def said(method: str, arguments: Mapping[str, object]) -> str:
    """What a call asks for, in words."""
    saying = SAYINGS.get(method)
    fields = {name: _field(value, name) for name, value in arguments.items()}
    if saying is not None:
        try:
            return saying.format_map(fields)
        except KeyError:  # an older version of the message had no such field
            pass
    return named(method)


def _field(value: object, name: str) -> str:
    """A field in a sentence: what somebody wrote freely stands in quotes, so that it reads as nobody else's.

    Signs that nobody sees, or that turn what stands around them, are written out.
    """
    if not isinstance(value, str) or _PLAIN.fullmatch(value):
        return phrase(value, name)
    quoted = dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"⟨U+{ord(sign):04X}⟩" for sign in quoted)


def named(method: str) -> str:
    """A method in words: its room, then its name."""
    room, _, name = method.partition(".")
    return f"{words(room)}: {words(name)}"
