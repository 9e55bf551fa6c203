"""Which addresses may be connected to."""

import pytest

from feeds.addresses import literal_address, refusal, system_resolver

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "198.18.0.1", "192.0.2.1",
    "::1", "fc00::1", "fd12:3456::1", "fec0::1", "2001:db8::1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "169.254.1.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fd00:ec2::254%eth0", "100.100.100.200",
    "192.0.0.192", "168.63.129.16", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "239.255.255.250", "ff02::1", "240.0.0.1",
    "255.255.255.255", "192.88.99.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "2002:7f00:1::1", "2002:808:808::1",
    "2001:0:4136:e378::1", "64:ff9b:1::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::e000:1", "not an address", "",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_pass_only_when_allowed(address):
    assert refusal(address, allow_private=False)
    assert refusal(address, allow_private=True) is None


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allow_private", [False, True])
def test_metadata_link_local_multicast_and_disguised_addresses_never_pass(address, allow_private):
    assert refusal(address, allow_private=allow_private)


def test_refusal_names_the_kind_of_address():
    assert refusal("::ffff:8.8.8.8", allow_private=True) == "an IPv4-mapped address"
    assert refusal("169.254.169.254", allow_private=True) == "a cloud metadata service"
    assert refusal("127.0.0.1", allow_private=False) == "a loopback address"


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address):
    assert refusal(address, allow_private=False) is None


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "a.0x7f", "a..b"],
)
def test_unusual_spellings_of_addresses_and_impossible_names_are_refused(host):
    with pytest.raises(ValueError, match=r"."):
        literal_address(host)


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("127.0.0.1.", "127.0.0.1"), ("::1", "::1"), ("0:0:0:0:0:0:0:1", "::1"), ("news.example", None),
     ("news.example.", None), ("1e100.net", None), ("xn--bcher-kva.example", None), ("localhost", None)],
)  # fmt: skip
def test_plain_addresses_are_told_from_names(host, address):
    assert literal_address(host) == address


def test_the_system_resolver_knows_this_machine():
    assert "127.0.0.1" in system_resolver("localhost", 80) or "::1" in system_resolver("localhost", 80)
