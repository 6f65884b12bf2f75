"""What a transaction may ask of the module."""

from consortia.base.codec import Digest, Name, Record, Text80
from consortia.exact.ballot import Ballot
from consortia.exact.ceremony import Coefficients
from consortia.exact.decryption import Partial
from consortia.exact.elgamal import Element, Proof
from consortia.modules.ballots.types import Choices, Shares, Times, Trustees


class OpenElection(Record, frozen=True):
    """Open an election among all members of this moment. Names and choices as in `types.Election`."""

    subject: Digest
    title: Text80
    choices: Choices
    trustees: Trustees
    times: Times


class CommitKey(Record, frozen=True):
    """As a trustee, give a sealing key with its proof, and the hash of the own coefficients."""

    election: Digest
    sealing: Element
    proof: Proof
    dealing: Digest


class OpenKey(Record, frozen=True):
    """As a trustee, open the coefficients, with a share for each trustee that committed, by name."""

    election: Digest
    coefficients: Coefficients
    shares: Shares


class Complain(Record, frozen=True):
    """As a trustee, show the point that one's own share of a dealer was sealed under, with its proof."""

    election: Digest
    dealer: Name
    shared: Element
    proof: Proof


class BeginVoting(Record, frozen=True):
    """Make the key of the qualified dealers, once complaints are over. Anyone may."""

    election: Digest


class Cast(Record, frozen=True):
    """Cast the member's ballot; the last one counts."""

    election: Digest
    ballot: Ballot


class CloseVoting(Record, frozen=True):
    """Close the voting, once its time is over. Anyone may."""

    election: Digest


class Decrypt(Record, frozen=True):
    """As a trustee, give the one part of the decryption of the sum that the close named."""

    election: Digest
    sum: Digest
    partial: Partial


class EndElection(Record, frozen=True):
    """End the decrypting, once its time is over, and name who was absent. Anyone may."""

    election: Digest
