"""The auditor of identity: who is in, whose keys are whose, and who said yes to what."""

from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP256R1, EllipticCurvePublicKey

from consortia.modules.identity import messages as asked
from consortia.modules.identity.types import IdentityGenesis, KeySpec
from consortia.testing.auditors import Moment, Said, Told, plain, refuse
from consortia.testing.auditors.addresses import is_node_address
from consortia.testing.auditors.identity_persons import Enrolled
from consortia.testing.auditors.identity_roll import key_id, orderly, spec, the_one

MEMBERS_MAX = 128
KEYS_MAX = 64
SINGLE = {"node", "recovery", "consensus"}
NO_SEAT = {"consensus": None, "power": 0}
CURVES = {"p256": SECP256R1(), "secp256k1": SECP256K1()}


class Identity(Enrolled):
    """What every message of identity does, as its README has it."""

    def found(self, at: Moment, genesis: IdentityGenesis) -> Told:
        """The founding members come in together."""
        self._told = []
        said = Said(b"", "", b"", 0, at)
        self.joiner_quota = plain(genesis.joiner_quota)
        for founder in genesis.members:
            refuse("name_taken", when=founder.name in self.members)
            self.check_whole(founder.keys)
            self.check_points(at.time, founder.keys)
            self.enter(said, founder.name, founder.title, plain(founder.quota), founder.keys)
            self.sit(founder.name, self.seat_by(founder.name, founder.keys))
        self.change(said, None)
        return tuple(self._told)

    # What all members decide.

    def propose_member(self, said: Said, m: asked.ProposeMember) -> None:
        """Open an admission."""
        self.check_signer(said)
        refuse("name_taken", when=m.name in self.members)
        self.check_new(said, "admission", m.name, m.expires)
        refuse("network_full", when=len(self.present()) >= MEMBERS_MAX)
        self.check_set(said, m.name, m.keys)
        joiner = {"title": m.title, "keys": [spec(key) for key in m.keys], "quota": plain(m.quota)}
        self.drop("admission", m.name)
        self.open(said, "admission", m.name, m.expires, joiner=joiner)
        for key in m.keys:
            self.held[key_id(key.public)] = m.name

    def approve_member(self, said: Said, m: asked.ApproveMember) -> None:
        """Say yes to an admission."""
        self.check_signer(said)
        self.check_approval(said, "admission", m.name, m.proposal)
        self.approve(said, "admission", m.name)

    def accept(self, said: Said, m: asked.Accept) -> None:
        """A joiner comes in by its own word."""
        waiting = self.held.get(said.key) == said.member and self.is_joining_admin(said.key)
        refuse("signer_gone", when=not waiting and not self.acts(said.key))
        refuse("no_proposal", when=m.name != said.member or ("admission", m.name) not in self.proposals)
        admission = self.proposals["admission", m.name]
        refuse("proposal_expired", when=admission["expires"] < said.at.time)
        refuse("not_approved", when=not self.enough(admission, self.present()))
        refuse("network_full", when=len(self.present()) >= MEMBERS_MAX)
        self.check_change(said, m.checkpoint)
        joiner = admission["joiner"]
        self.drop("admission", m.name)
        keys = [KeySpec(key["public"], key["roles"], key["label"]) for key in joiner["keys"]]
        self.enter(said, m.name, joiner["title"], joiner["quota"], keys)
        self.tell("member_admitted", name=m.name)
        self.sit(m.name, self.seat_by(m.name, keys))
        self.change(said, m.checkpoint)

    def propose_removal(self, said: Said, m: asked.ProposeRemoval) -> None:
        """Ask the others to remove a member."""
        self.check_signer(said)
        refuse("not_a_member", when=m.name not in self.present())
        refuse("last_member", when=len(self.present()) == 1)
        refuse("own_case", when=m.name == said.member)
        self.check_new(said, "removal", m.name, m.expires)
        done = self.enough({"approvals": [said.member]}, self.voters("removal", m.name))
        if done:
            self.check_change(said, m.checkpoint)
            self.check_votes(m.name, NO_SEAT)
        self.open(said, "removal", m.name, m.expires)
        if done:
            self.end(said, m.name, m.checkpoint, own=False)

    def approve_removal(self, said: Said, m: asked.ApproveRemoval) -> None:
        """Say yes to a removal; the deciding yes carries it out."""
        self.check_signer(said)
        refuse("own_case", when=m.name == said.member)
        self.check_approval(said, "removal", m.name, m.proposal)
        approvals = [*self.proposals["removal", m.name]["approvals"], said.member]
        done = self.enough({"approvals": approvals}, self.voters("removal", m.name))
        if done:
            self.check_change(said, m.checkpoint)
            self.check_votes(m.name, NO_SEAT)
        self.approve(said, "removal", m.name)
        if done:
            self.end(said, m.name, m.checkpoint, own=False)

    def propose_quota(self, said: Said, m: asked.ProposeQuota) -> None:
        """Ask all members for another quota of one."""
        self.check_signer(said)
        refuse("not_a_member", when=m.name not in self.present())
        self.check_new(said, "quota", m.name, m.expires)
        self.open(said, "quota", m.name, m.expires, quota=plain(m.quota))
        self.settle_quota(m.name)

    def approve_quota(self, said: Said, m: asked.ApproveQuota) -> None:
        """Say yes to a quota; the deciding yes puts it in force."""
        self.check_signer(said)
        self.check_approval(said, "quota", m.name, m.proposal)
        self.approve(said, "quota", m.name)
        self.settle_quota(m.name)

    def propose_power(self, said: Said, m: asked.ProposePower) -> None:
        """Ask all members for another voting power of one."""
        self.check_signer(said)
        refuse("not_a_member", when=m.name not in self.present())
        self.check_new(said, "power", m.name, m.expires)
        seat = self.settle_power(m.name, {"approvals": [said.member], "power": m.power})
        self.open(said, "power", m.name, m.expires, power=m.power)
        if seat is not None:
            self.drop("power", m.name)
            self.sit(m.name, seat)

    def approve_power(self, said: Said, m: asked.ApprovePower) -> None:
        """Say yes to a voting power; the deciding yes puts it in force."""
        self.check_signer(said)
        self.check_approval(said, "power", m.name, m.proposal)
        proposal = self.proposals["power", m.name]
        seat = self.settle_power(m.name, {**proposal, "approvals": [*proposal["approvals"], said.member]})
        self.approve(said, "power", m.name)
        if seat is not None:
            self.drop("power", m.name)
            self.sit(m.name, seat)

    def withdraw(self, said: Said, m: asked.Withdraw) -> None:
        """Take back a proposal: one's own, or an expired one."""
        self.check_signer(said)
        proposal = self.proposals.get((m.kind, m.name))
        if proposal is None:
            return refuse("no_proposal", when=True)
        refuse(
            "not_proposer", when=said.member != proposal["proposer"] and said.at.time <= proposal["expires"]
        )
        self.drop(m.kind, m.name)
        return self.tell("withdrawn", kind=m.kind, name=m.name, by=said.member)

    def leave(self, said: Said, m: asked.Leave) -> None:
        """Go."""
        self.check_signer(said)
        refuse("last_member", when=len(self.present()) == 1)
        self.check_change(said, m.checkpoint)
        self.check_votes(said.member, NO_SEAT)
        self.end(said, said.member, m.checkpoint, own=True)

    # What a member decides for itself.

    def add_key(self, said: Said, m: asked.AddKey) -> None:
        """A further key of the member."""
        self.check_signer(said)
        refuse("bad_roles", when=not orderly(m.key.roles) or SINGLE & set(m.key.roles))
        refuse("too_many_keys", when=len(self.active(said.member)) >= KEYS_MAX)
        self.check_points(said.at.time, [m.key])
        self.check_possession(said, said.member, [m.key])
        self.give(said, said.member, [m.key])
        self.tell("key_added", member=said.member, key=key_id(m.key.public), roles=list(m.key.roles))

    def revoke_key(self, said: Said, m: asked.RevokeKey) -> None:
        """A key of the member acts no more."""
        self.check_signer(said)
        key = self.keys.get(m.key)
        if key is None or key["member"] != said.member:
            return refuse("no_key", when=True)
        refuse("key_revoked", when=key["revoked"] is not None)
        refuse("needs_rotation", when=SINGLE & set(key["roles"]))
        refuse("last_admin", when=self.active(said.member, "admin") == [m.key])
        key["revoked"] = said.at.time
        return self.tell("key_revoked", member=said.member, key=m.key)

    def rotate_node_key(self, said: Said, m: asked.RotateNodeKey) -> None:
        """Another key with which the node cosigns."""
        self.check_signer(said)
        refuse("bad_roles", when=list(m.key.roles) != ["node"])
        self.check_points(said.at.time, [m.key])
        self.check_possession(said, said.member, [m.key])
        self.check_change(said, m.checkpoint)
        old = self.members[said.member]["node"]
        self.keys[old]["revoked"] = said.at.time
        self.give(said, said.member, [m.key])
        self.members[said.member]["node"] = key_id(m.key.public)
        self.tell("key_revoked", member=said.member, key=old)
        self.tell("key_added", member=said.member, key=key_id(m.key.public), roles=["node"])
        self.change(said, m.checkpoint)

    def rotate_consensus_key(self, said: Said, m: asked.RotateConsensusKey) -> None:
        """Another key with which the member votes in consensus, or the first."""
        self.check_signer(said)
        refuse("bad_roles", when=list(m.key.roles) != ["consensus"])
        seat = self.seat(said.member)
        full = len(self.active(said.member)) >= KEYS_MAX
        refuse("too_many_keys", when=full and seat["consensus"] is None)
        self.check_points(said.at.time, [m.key])
        self.check_possession(said, said.member, [m.key])
        old = seat["consensus"]
        if old is not None:
            self.keys[old]["revoked"] = said.at.time
            self.tell("key_revoked", member=said.member, key=old)
        self.give(said, said.member, [m.key])
        self.tell("key_added", member=said.member, key=key_id(m.key.public), roles=["consensus"])
        self.sit(said.member, {**seat, "consensus": key_id(m.key.public)})

    def recover(self, said: Said, m: asked.Recover) -> None:
        """All keys anew."""
        self.check_signer(said)
        self.check_set(said, said.member, m.keys)
        self.check_change(said, m.checkpoint)
        seat = self.seat_by(said.member, m.keys)
        self.check_votes(said.member, seat)
        for id_ in self.active(said.member):
            self.keys[id_]["revoked"] = said.at.time
        self.give(said, said.member, m.keys)
        for role in ("node", "recovery"):
            self.members[said.member][role] = the_one(role, m.keys)
        self.tell("member_recovered", name=said.member)
        self.sit(said.member, seat)
        self.all_over(said, said.member)
        self.change(said, m.checkpoint)

    def add_attestor(self, said: Said, m: asked.AddAttestor) -> None:
        """The key for another kind of network."""
        self.check_signer(said)
        refuse("bad_attestor", when=not _is_on_curve(m.algorithm, m.public))
        self.attestors[said.member, m.algorithm] = m.public
        self.tell("attestor_added", member=said.member, algorithm=m.algorithm)

    def set_endpoint(self, said: Said, m: asked.SetEndpoint) -> None:
        """Where the node is."""
        self.check_signer(said)
        https = m.url.startswith("https:")
        refuse("bad_endpoint", when=not is_node_address(m.url))
        refuse("bad_endpoint", when=https is (m.certificate is None))
        refuse("bad_endpoint", when=m.certificate is not None and not _is_der(m.certificate))
        self.endpoints[said.member] = {"url": m.url, "certificate": m.certificate}
        self.tell("endpoint_set", member=said.member, url=m.url)

    def set_quota(self, said: Said, m: asked.SetQuota) -> None:
        """A lower quota."""
        self.check_signer(said)
        wanted, held = plain(m.quota), self.members[said.member]["quota"]
        refuse("quota_raised", when=any(wanted[part] > held[part] for part in held))
        self.members[said.member]["quota"] = wanted
        self.tell("quota_set", member=said.member, quota=wanted)


AUDITOR = Identity


def _is_on_curve(algorithm: str, public: bytes) -> bool:
    try:
        EllipticCurvePublicKey.from_encoded_point(CURVES[algorithm], public)
    except ValueError:
        return False
    return len(public) == 33


def _is_der(data: bytes) -> bool:
    """Whether the bytes are what DER makes of a sequence with some content (X.690, section 8.1.3)."""
    for head in range(2, 7):
        length = len(data) - head
        size = length.to_bytes(max(1, (length.bit_length() + 7) // 8), "big") if length >= 0 else b""
        written = bytes([length]) if 0 <= length < 128 else bytes([128 + len(size)]) + size
        if length >= 0 and data[:head] == b"\x30" + written:
            return True
    return False
