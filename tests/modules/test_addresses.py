"""What can be a node's address, and what cannot."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.modules.identity.addresses import ip_bytes, is_host_address, is_loopback, is_node_address


@pytest.mark.parametrize(
    "url",
    [
        "https://ledger.clinic-a.example:7443",
        "https://ledger.clinic-a.example",
        "https://node_1:7443/consortia",
        "https://10.0.0.7:7443",
        "https://192.168.1.5/a/b-c_d~e.f/",
        "https://[2001:db8::1]:7443",
        "https://[fd00:0:0:1::2]",
        "https://localhost:7443",
        "http://127.0.0.1:10240",
        "http://localhost:65535/",
        "http://[::1]:1",
    ],
)
def test_a_nodes_address(url):
    assert is_node_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ledger.example",
        "HTTPS://ledger.example",
        "https://",
        "https://:7443",
        "https://user@ledger.example",
        "https://user:word@ledger.example:7443",
        "https://ledger.example?x=1",
        "https://ledger.example/#x",
        "https://ledger.example/a/../b",
        "https://ledger.example/./",
        "https://ledger.example/%2e%2e/",
        "https://ledger.example\\@other.example",
        "https://ledger.example:0",
        "https://ledger.example:07",
        "https://ledger.example:65536",
        "https://ledger..example",
        "https://ledger.example.",
        "https://-ledger.example",
        "https://ledger.example\n",
        "https://" + "a" * 64 + ".example",
        "https://ledger.123",
        "https://0x7f.1",
        "https://2130706433",
        "https://127.1",
        "https://0177.0.0.1",
        "https://256.1.1.1",
        "https://0.0.0.0:7443",
        "https://169.254.169.254/latest",
        "https://224.0.0.1",
        "https://255.255.255.255",
        "https://[::]",
        "https://[fe80::1]",
        "https://[ff02::1]",
        "https://[::ffff:7f00:1]",
        "https://[64:ff9b::a9fe:a9fe]",
        "https://[1:2:3:4:5:6:7]",
        "https://[1::2::3]",
        "https://[:::1]",
        "https://[12345::1]",
        "https://[::1%1]",
        "http://ledger.example:7443",
        "http://10.0.0.7:7443",
        "http://localhost.example",
        "http://[2001:db8::1]",
    ],
)
def test_what_is_no_nodes_address(url):
    assert not is_node_address(url)


@given(st.binary(min_size=16, max_size=16))
def test_an_ipv6_address_is_read_as_the_library_reads_it(raw):
    address = IPv6Address(raw)
    for text in (address.compressed, address.exploded):
        assert ip_bytes(f"[{text}]") == raw
    if address.is_multicast or address.is_link_local or address.is_unspecified or address.ipv4_mapped:
        assert not is_host_address(raw)


@given(st.text("0123456789abcdef:", min_size=2, max_size=24))
def test_what_the_library_takes_for_no_ipv6_address_is_none_here(text):
    try:
        expected = IPv6Address(text).packed
    except ValueError:
        expected = None
    assert ip_bytes(f"[{text}]") == expected


@pytest.mark.parametrize(
    ("host", "own"),
    [("localhost", True), ("127.9.9.9", True), ("[::1]", True), ("128.0.0.1", False), ("local", False)],
)
def test_loopback_is_this_machine_alone(host, own):
    assert is_loopback(host) is own
