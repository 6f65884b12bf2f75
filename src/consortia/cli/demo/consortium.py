"""The members of a demo: each with a home, a node process of its own and its worker beside it."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from consortia.base.codec import encode_record
from consortia.base.keys import SigningKey
from consortia.cli.demo.telling import Teller
from consortia.modules.governance.types import Charter
from consortia.node import joining
from consortia.node.cometbft.peering import free_ports, introduce, local_settings
from consortia.node.founding import found
from consortia.node.home import Home
from consortia.node.homes import Wishes, begin, prepare
from consortia.node.invitations import Invitations, Place
from consortia.node.keys import find_key, open_key
from consortia.node.localnet import NodeHandle, stop_all
from consortia.node.passes import way_in
from consortia.node.tls import pins_at
from consortia.sdk.client import Client
from consortia.sdk.moments import utc_milliseconds
from consortia.workers.vault import Vault


class Party:
    """One member of the demo. Its keys are plain, as the demo says."""

    def __init__(self, home: Home, name: str) -> None:
        """Nothing runs until `node.start`."""
        self.home, self.name = home, name
        self.node = NodeHandle(home.path, name)
        self.vault = Vault(home.private)
        self._clients: dict[str, Client] = {}

    @property
    def way_in(self) -> str:
        """The address that opens the console of the member's node, for an hour."""
        return way_in(self.node.url, self.home.token(), utc_milliseconds())

    def key(self, role: str) -> SigningKey:
        """The member's key of a role."""
        return open_key(find_key(self.home.keys, role), lambda: "")

    def client(self, network: bytes, role: str = "admin") -> Client:
        """A client of the member's own node, signing with the member's key of a role."""
        known = self._clients.get(role)
        if known is None or known.url != self.node.url:
            if known is not None:
                known.close()
            known = self._clients[role] = self.connect(network, role)
        return known

    def connect(self, network: bytes, role: str = "admin") -> Client:
        """Another such client, which the caller closes."""
        pins = pins_at(self.home.keys, self.node.url)
        return Client(self.node.url, network=network, member=self.name, key=self.key(role), pins=pins)

    def close(self) -> None:
        """Close the connections to the member's node."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()


class Consortium:
    """A network of parties; the first founds it and its node orders the blocks."""

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        teller: Teller,
        *,
        lasting: bool = False,
        driver: str = "embedded",
    ) -> None:
        """Nothing exists until `build`; in a `lasting` network a node started again keeps its port."""
        self.driver, self.workers = driver, True
        self.folder, self.names, self.teller = folder, tuple(names), teller
        self.parties: dict[str, Party] = {}
        self.lasting = lasting
        self.network = b""
        self.genesis = b""

    def __enter__(self) -> Self:
        """Give the consortium; every node is stopped at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every node."""
        self.stop()
        for party in self.parties.values():
            party.close()

    @property
    def founder(self) -> Party:
        """The member that founded the network."""
        return self.parties[self.names[0]]

    def party(self, name: str) -> Party:
        """A member by name."""
        return self.parties[name]

    def client(self, name: str, role: str = "admin") -> Client:
        """A client of a member's node, signing with the member's key of a role."""
        return self.parties[name].client(self.network, role)

    def build(self, title: str, charter: Charter | None = None) -> None:
        """Found the network, start the nodes, and let the members admit one another.

        They decide by `charter`, the usual one by default.
        """
        if self.driver == "cometbft":
            self._build_together(title, charter)
            return
        now = utc_milliseconds()
        first = self.names[0]
        home, genesis = begin(self._wishes(first), title, now, charter)
        self.network, self.genesis = genesis.network(), encode_record(genesis)
        self.parties[first] = Party(home, first)
        self.founder.node.start()
        self.founder.node.wait_ready()
        place = Place(first, self.founder.node.url, b"")
        invitations = Invitations(home.path)
        for name in self.names[1:]:
            invite = invitations.invite(self.genesis, name, place, now)
            joiner, request = prepare(self._wishes(name), invite, now)
            self.parties[name] = Party(joiner, name)
            self.parties[name].node.start()
            door = Client(self.founder.node.url, network=self.network)
            door.post(f"/v1/join?token={invite.token}", encode_record(request))
            door.close()
        for name in self.names[1:]:
            self.parties[name].node.wait_ready()
        self.teller.line(f"{len(self.names)} nodes run, each its own process; {first} founded the network")
        for count, name in enumerate(self.names[1:], start=1):
            self._admit(name, self.names[1:count])

    def _build_together(self, title: str, charter: Charter | None) -> None:
        """Found a network of all members at once, which CometBFT orders, and start the nodes."""
        homes = found(
            self.folder,
            title,
            self.names,
            utc_milliseconds(),
            charter=charter,
            each=self._places(),
            driver=self.driver,
            worker=self.workers,
        )
        introduce(homes)
        self.genesis = homes[0].genesis()
        self.resume()
        for name in self.names:
            joining.arrive(self.client(name))
            joining.wait_until(partial(self._everybody, name), f"sign of all members' nodes at {name}")

    def _places(self) -> Mapping[str, Mapping[str, object]]:
        """Where each node of a network that is founded together listens."""
        return local_settings(self.names)

    def _everybody(self, name: str) -> bool:
        """Whether a node knows where all members' nodes are, by the ledger that they order together."""
        return len(self.client(name).status().peers) == len(self.names)

    def resume(self) -> None:
        """Start the nodes of a network that was built before; whoever ordered the blocks goes on to."""
        self.parties = {name: self._party(name) for name in self.names}
        for party in self.parties.values():
            party.node.start()
        for party in self.parties.values():
            self.network = bytes.fromhex(party.node.wait_ready().network)
        self.teller.line(f"{len(self.names)} nodes run again, each its own process")

    def _party(self, name: str) -> Party:
        """A member whose home is there."""
        return Party(Home.find(self.folder / name, {}), name)

    def settle(self) -> int:
        """Wait until every node has all blocks and all of them are final; gives the height."""
        height = self.client(self.names[0]).status().height
        for name in self.names:
            self.client(name).wait_final(height)
        return height

    def stop(self) -> None:
        """Stop every node cleanly."""
        stop_all([party.node for party in self.parties.values()])

    def _admit(self, name: str, others: Sequence[str]) -> None:
        posted = (self.founder.home.path / "joining" / f"{name}.cbor").read_bytes()
        joining.propose(self.client(self.names[0]), posted)
        for other in others:
            joining.approve(self.client(other), name)
        founder, key = self.founder, self.parties[name].key("admin")
        joiner = Client(founder.node.url, network=self.network, member=founder.name, key=key)
        joining.accept(joiner, name)
        joiner.close()
        joining.arrive(self.client(name))
        approvals = ", ".join([self.names[0], *others])
        self.teller.line(f"{name} is a member, approved by {approvals}")

    def _wishes(self, name: str) -> Wishes:
        path, title = self.folder / name, name.replace("-", " ").title()
        listen = f"127.0.0.1:{free_ports(1)[0] if self.lasting else 0}"
        return Wishes(path, name, title, None, listen=listen, more={"worker": self.workers})
