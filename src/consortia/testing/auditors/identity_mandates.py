"""What the auditor of identity keeps of mandates, and what their messages do, as the README has it."""

from collections.abc import Sequence
from typing import Any

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.modules.identity import mandate_messages as asked
from consortia.testing.auditors import Entries, Model, Plain, Said, plain, refuse
from consortia.testing.auditors.identity_roll import DAY, Roll, key_id
from consortia.testing.auditors.notes import signed
from consortia.testing.auditors.till import Spend
from consortia.testing.curve import is_prime_order

AGENTS_MAX = 64
REACH = 31 * DAY
"""No window reaches further back than this."""


class Mandated(Roll):
    """Agents, their mandates, and all that they ever spent, payment by payment."""

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with none."""
        super().__init__(others)
        self.mandates: dict[bytes, Plain] = {}
        self.agents: dict[bytes, Plain] = {}
        """By key id."""
        self.paid: dict[tuple[str, bytes], list[tuple[int, int, bytes]]] = {}
        """By owner and unit: block time, amount and transaction of every payment, in order."""
        self.let_go: dict[tuple[str, bytes], int] = {}
        """By owner and unit: how many marks no window reaches any more and are gone."""

    def directory(self, time: int) -> dict[bytes, tuple[str, bytes, frozenset[str], bool]]:
        """As of members' keys, and the agents'."""
        found = super().directory(time)
        for id_, agent in self.agents.items():
            acts = self.stands(agent["mandate"], time)
            found[id_] = (agent["member"], agent["public"], frozenset({"agent"}), acts)
        return found

    def bounds(self) -> dict[bytes, tuple[str, frozenset[str]]]:
        """By key id: what an agent's transactions begin with, and what else they may hold."""
        found = {}
        for id_, agent in self.agents.items():
            mandate = self.mandates[agent["mandate"]]
            waits = mandate["delay"] > 0
            methods = frozenset[str]() if waits else frozenset(mandate["methods"])
            found[id_] = ("predictions.defer" if waits else "predictions.act", methods)
        return found

    def stands(self, id_: bytes, time: int) -> bool:
        """Whether a mandate is neither ended nor expired, and its owner in the network."""
        mandate = self.mandates[id_]
        return mandate["ended"] is None and time <= mandate["expires"] and mandate["owner"] in self.present()

    def under(self, said: Said) -> Plain | None:
        """The mandate under which somebody acts; None for whoever is no agent. Refuses one that is over."""
        agent = self.agents.get(said.key)
        if agent is None:
            return None
        refuse("identity.mandate_over", when=not self.stands(agent["mandate"], said.at.time))
        return self.mandates[agent["mandate"]]

    def newest(self, owner: str) -> dict[str, bytes]:
        """By the agent's name: the mandate of an owner that was granted last."""
        held = [mandate for mandate in self.mandates.values() if mandate["owner"] == owner]
        return {mandate["agent"]: mandate["id"] for mandate in held}

    def check_points(self, time: int, keys: Sequence[Any]) -> None:
        """As of members' keys: an agent's key is nobody else's either."""
        super().check_points(time, keys)
        refuse("key_known", when=any(key_id(key.public) in self.agents for key in keys))

    def is_known(self, key: bytes) -> bool:
        """Whether a key is or was anybody's."""
        return key in self.keys or key in self.held or key in self.agents

    def is_named(self, owner: str, name: str) -> bool:
        """Whether a name is somebody else's of the owner's."""
        return False

    def grant_mandate(self, said: Said, m: asked.GrantMandate) -> None:
        """An agent may act."""
        self.check_signer(said)
        units = [cap.unit for cap in m.caps]
        disorder = any(list(listed) != sorted(set(listed)) for listed in (m.methods, m.classes))
        disorder |= not {"predictions.act", "predictions.defer"}.isdisjoint(m.methods)
        refuse("bad_mandate", when=disorder or units != sorted(set(units)))
        refuse("bad_mandate", when=any(cap.per_act > cap.per_window for cap in m.caps))
        refuse("bad_expiry", when=not 0 <= m.expires - said.at.time <= 90 * DAY)
        newest = self.newest(said.member)
        refuse("too_many_agents", when=m.agent not in newest and len(newest) >= AGENTS_MAX)
        refuse("agent_acts", when=m.agent in newest and self.stands(newest[m.agent], said.at.time))
        key = key_id(m.key)
        refuse("small_order", when=not is_prime_order(m.key))
        refuse("key_known", when=self.is_known(key))
        claim = encode({"owner": said.member, "agent": m.agent, "key": m.key})
        text = tagged("consortia/agent", said.at.network + claim)
        refuse("bad_possession", when=not signed(m.key, text, m.possession))
        refuse("label_taken", when=self.is_named(said.member, m.agent))
        place = said.at.network + said.transaction + said.call.to_bytes(8, "big")
        id_ = tagged("consortia/mandate", place)
        said_of_it = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in plain(m).items()
            if name not in {"key", "possession"}
        }
        times = {"granted": said.at.time, "ended": None}
        self.mandates[id_] = {"id": id_, "owner": said.member, "key": key, **said_of_it, **times}
        self.agents[key] = {"member": said.member, "public": m.key, "mandate": id_}
        names = {"owner": said.member, "agent": m.agent}
        self.tell("mandate_granted", mandate=id_, **names, key=key, expires=m.expires)

    def end_mandate(self, said: Said, m: asked.EndMandate) -> None:
        """An agent acts no more."""
        self.check_signer(said)
        mandate = self.mandates.get(m.mandate)
        refuse("no_mandate", when=mandate is None or mandate["owner"] != said.member)
        refuse("mandate_over", when=not self.stands(m.mandate, said.at.time))
        self.over(said, m.mandate)

    def over(self, said: Said, id_: bytes) -> None:
        """A mandate is ended by its owner."""
        mandate = self.mandates[id_]
        mandate["ended"] = said.at.time
        names = {"owner": mandate["owner"], "agent": mandate["agent"], "by": mandate["owner"]}
        self.tell("mandate_ended", mandate=id_, **names)

    def all_over(self, said: Said, owner: str) -> None:
        """Whatever a member's agents may do ends."""
        for _, id_ in sorted(self.newest(owner).items(), key=lambda pair: (len(pair[0]), pair[0])):
            if self.stands(id_, said.at.time):
                self.over(said, id_)

    def spend(self, said: Said, m: Spend) -> None:
        """Something of a unit leaves the hands of whoever signs; an agent's is counted."""
        mandate = self.under(said)
        if mandate is None:
            return
        caps = [cap for cap in mandate["caps"] if cap["unit"] == m.unit]
        refuse("unit_not_mandated", when=not caps)
        payments = self.paid.get((mandate["owner"], m.unit), [])
        by_act = sum(amount for _, amount, transaction in payments if transaction == said.transaction)
        refuse("over_act_cap", when=by_act + m.amount > caps[0]["per_act"])
        since = said.at.time - mandate["window"]
        in_window = sum(amount for time, amount, _ in payments if time > since)
        refuse("over_window_cap", when=in_window + m.amount > caps[0]["per_window"])
        self.paid[mandate["owner"], m.unit] = [*payments, (said.at.time, m.amount, said.transaction)]
        self.forget(said, (mandate["owner"], m.unit))

    def forget(self, said: Said, place: tuple[str, bytes]) -> None:
        """Up to two marks go that no window reaches; the last from before the reach stays, as a start."""
        times = sorted({time for time, _, _ in self.paid[place]})
        for _ in range(2):
            gone = self.let_go.get(place, 0)
            if len(times) > gone + 1 and times[gone + 1] <= said.at.time - REACH:
                self.let_go[place] = gone + 1

    def entries(self) -> Entries:
        """All tables."""
        found = super().entries()
        found |= {("mandates", id_): mandate for id_, mandate in self.mandates.items()}
        found |= {("agents", id_): agent for id_, agent in self.agents.items()}
        for owner in self.members:
            for agent, id_ in self.newest(owner).items():
                found["agent_names", owner, agent] = {"mandate": id_}
        for (owner, unit), payments in self.paid.items():
            times = sorted({time for time, _, _ in payments})
            first, last = self.let_go.get((owner, unit), 0), payments[-1][2]
            for number, until in enumerate(times):
                total = sum(amount for time, amount, _ in payments if time <= until)
                if number >= first:
                    found["marks", owner, unit, number] = {"time": until, "total": total.to_bytes(16, "big")}
            found["outflows", owner, unit] = {
                "first": first,
                "next": len(times),
                "total": sum(amount for _, amount, _ in payments).to_bytes(16, "big"),
                "transaction": last,
                "spent": sum(amount for _, amount, transaction in payments if transaction == last),
            }
        return found
