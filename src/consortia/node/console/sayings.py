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
    "training.reveal": "reveals its shares, so that the masks fall away from the sum",
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
    "identity.propose_quota": "proposes another quota for {name}",
    "identity.approve_quota": "approves the proposed quota of {name}",
    "identity.propose_power": "proposes that {name} votes in consensus with power {power}",
    "identity.approve_power": "approves the proposed voting power of {name}",
    "identity.withdraw": "takes back what it proposed about {name}",
    "identity.rotate_node_key": "gives its node another key",
    "identity.rotate_consensus_key": "gives its consensus engine another key",
    "identity.recover": "replaces all its keys by its recovery key",
    "identity.add_attestor": "names its key of {algorithm} for other networks",
    "identity.set_quota": "lowers its own quota",
    "consent.require": "has data set {dataset} read by consent alone",
    "consent.cover": "shows who of version {version} of data set {dataset} consents to {purpose}",
    "consent.access": "asks for a person's records in data set {dataset}, for {purpose}",
    "consent.break_glass": "asks for a person's records in data set {dataset}, in an emergency",
    "consent.review": "says whether access {place} to data set {dataset} was an emergency",
    "predictions.act": "accounts for what it does as an agent",
    "predictions.defer": "accounts for an agent's act that waits for its delay",
    "predictions.perform": "has the agent's act {deed} carried out, whose delay is over",
    "bank.issue": "issues {amount} of unit {unit} to {account}",
    "bank.redeem": "takes {amount} of unit {unit} out of the world",
    "bank.open_escrow": "puts {amount} of unit {unit} aside for {payee}, on a condition",
    "bank.offer": "offers {amount} of unit {unit} for a price",
    "bank.take": "takes the offer {escrow}",
    "bank.release": "has escrow {escrow} paid out, as its condition is met",
    "bank.approve": "approves the payment {escrow}, as an officer",
    "bank.refund": "has escrow {escrow} paid back",
    "bank.open_payout": "puts {amount} of unit {unit} aside for those whose data make study {study}",
    "bank.score": "tells the scores of payout {escrow}",
    "bank.confirm_scores": "confirms the scores of payout {escrow}",
    "bank.settle": "has payout {escrow} divided and paid",
    "bank.set_hold": "sets what payments of unit {unit} wait for two officers",
    "market.take": "takes {amount} of unit {unit} out of its account in market {market}",
    "market.annul": "annuls auction {auction}: {reason}",
    "market.halt": "halts the market {market}",
    "market.resume": "lets the market {market} go on",
    "market.stop": "stops the trading of {account} in market {market}",
    "market.stop_key": "stops the trading of the key {key} in market {market}",
    "market.restart": "lets {account} trade again in market {market}",
    "market.restart_key": "lets the key {key} trade again in market {market}",
    "market.limit": "limits what {account} may trade in market {market}",
    "market.limit_key": "limits what the key {key} may trade in market {market}",
    "market.measure": "says how the market {market} is metered",
    "market.attach_meter": "names the meter of {account} in market {market}",
    "market.accept_meter": "accepts the meter of {account} in market {market}",
    "market.detach_meter": "ends the meter of {account} in market {market}",
    "market.read_meters": "brings readings of its meters in market {market}",
    "market.miss_readings": "bills what was not read in auction {auction}",
    "market.collect_owed": "has what {account} owes in market {market} paid",
    "training.propose": "proposes a study",
    "training.renew": "goes on with version {version} of its data set in study {study}",
    "training.return": "is there again in study {study}",
    "training.complain": "complains of the shares that {dealer} dealt to it for round {round}",
    "training.answer": "answers the complaint of {holder} about its shares for round {round}",
    "training.seal": "seals its update for round {round}",
    "training.unseal": "shows its sealed update for round {round}",
    "ballots.commit_key": "commits to its part of the key of election {election}",
    "ballots.open_key": "opens its part of the key of election {election}",
    "ballots.complain": "complains of the share that {dealer} dealt to it in election {election}",
    "ballots.end_election": "ends the decrypting in election {election}",
    "guard.set_policy": "has its guard go by the policy {name}",
    "guard.allow": "lets the like of alert {alert} pass for a while",
    "guard.judge_appeal": "judges the appeal of {target}",
    "operations.set_control": "sets the bounds within which {member} commands {control}",
    "operations.end_control": "ends the control {control}",
    "operations.command": "commands {control}",
    "operations.take_over": "takes {control} over from the programs",
    "operations.hand_back": "hands {control} back to the programs",
    "operations.close_notice": "closes notice {notice}",
    "operations.open_register": "opens the register {name} of things claimed once",
    "operations.claim": "claims things in register {register}",
    "operations.close_register": "closes register {register}",
    "governance.advise": "advises {choice} on proposal {proposal}",
    "governance.suggest": "suggests that the council pause {target}: {reason}",
    "governance.withdraw_pause": "takes back its approval that {target} is paused",
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
