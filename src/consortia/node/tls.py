"""TLS among members: one self-signed certificate a node, trusted because the ledger registers it.

No authority is asked. A server takes client certificates from its trust store, which holds the
certificates registered on the ledger; a client knows a server by its pin, the SHA-256 of the DER form. A
caller without a certificate gets as far as `join`. Certificates are P-256, as browsers refuse Ed25519.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING

from consortia.base.hashing import sha256
from consortia.node.descriptors import Room
from consortia.node.home import write_private

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

VALID_DAYS = 3_653
CERTIFICATE_FILE = "tls.crt"
KEY_FILE = "tls.key"


class TlsError(ValueError):
    """A certificate or key that cannot be used; the text names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A node's certificate and its private key, as PEM files (the key readable by its owner only)."""

    certificate: Path
    key: Path

    def der(self) -> bytes:
        """The certificate in DER form; raises TlsError."""
        try:
            return ssl.PEM_cert_to_DER_cert(self.certificate.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise TlsError(f"{self.certificate}: {error}") from None

    def pin(self) -> bytes:
        """The certificate's pin: the SHA-256 of its DER form."""
        return sha256(self.der())


def tls_files(folder: Path) -> TlsFiles:
    """Where a node's certificate and key lie in its folder of keys."""
    return TlsFiles(folder / CERTIFICATE_FILE, folder / KEY_FILE)


def pins_at(folder: Path, url: str) -> frozenset[bytes]:
    """By what a member's own programs know its node at `url`: the pin of the certificate among its keys.

    Nothing where the node speaks no TLS. Raises TlsError.
    """
    return frozenset({tls_files(folder).pin()}) if url.startswith("https://") else frozenset()


def make_certificate(folder: Path, member: str, hosts: Iterable[str], now: datetime) -> TlsFiles:
    """Make a P-256 key and a self-signed certificate for `hosts` (names and addresses), from `now` on.

    Raises TlsError when the folder has one already.
    """
    from cryptography import x509  # noqa: PLC0415 (120 ms that only who makes a certificate pays)
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    files = tls_files(folder)
    if files.key.exists():
        raise TlsError(f"{files.key} exists; a key is never overwritten")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, member)])
    names = [_general_name(host) for host in sorted({"localhost", "127.0.0.1", *hosts})]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - timedelta(days=1))
        .not_valid_after(now.astimezone(UTC) + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(files.key, secret)
    write_private(files.certificate, certificate.public_bytes(encoding))
    return files


def _general_name(host: str) -> "GeneralName":
    from cryptography import x509  # noqa: PLC0415 (as above)

    address = _address(host)
    return x509.DNSName(host) if address is None else x509.IPAddress(address)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    for kind in (IPv4Address, IPv6Address):
        try:
            return kind(host)
        except ValueError:
            continue
    return None


class _Context(ssl.SSLContext):
    """A server's context that shakes no hands where descriptors are scarce, but hangs up.

    Who connects and says nothing holds one for a minute, and is among no server's connections meanwhile.
    """

    room: Room

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 (as its base has it)
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin with a connection; raises SSLError."""
        if not self.room.has_one():
            raise ssl.SSLError("no descriptor is left for this connection")
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


class ServerTls:
    """A server's TLS settings, whose trust follows the certificates registered on the ledger.

    A certificate that is registered is taken from the next connection on. One that is no longer registered
    is still taken by OpenSSL, whose store only grows; `registered` is what the node asks on every request.
    """

    def __init__(self, files: TlsFiles) -> None:
        """Use a node's certificate and key; raises TlsError."""
        context = _Context(ssl.PROTOCOL_TLS_SERVER)
        context.room = Room()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.num_tickets = 0  # a resumed session would not show its certificate anew
        try:
            context.load_cert_chain(files.certificate, files.key)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(f"{files.certificate}: {error}") from None
        self.context = context
        self.der = files.der()
        self._loaded: set[bytes] = set()
        self._registered: dict[bytes, str] = {}

    def trust(self, certificates: Iterable[tuple[str, bytes]]) -> None:
        """Trust these (member, DER) and no others; one that is no certificate is left out."""
        registered: dict[bytes, str] = {}
        for member, der in certificates:
            pin = sha256(der)
            if pin not in self._loaded:
                try:
                    self.context.load_verify_locations(cadata=der)
                except ssl.SSLError:
                    continue  # who registered nonsense cannot connect; nobody else suffers
                self._loaded.add(pin)
            registered[pin] = member
        self._registered = registered

    def member(self, der: bytes | None) -> str | None:
        """The member whose registered certificate this is, or None."""
        return None if der is None else self._registered.get(sha256(der))
