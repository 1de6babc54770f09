"""Which URLs and addresses a download may reach. Nothing here opens a connection."""

from __future__ import annotations

import ipaddress
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirascope.core import MediaPolicy
from mirascope.core.base._addresses import kind_of, read_address, read_url


def words(text: str) -> list[str]:
    return text.split()


PUBLIC = words(
    """
    8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0
    198.17.255.255 198.20.0.0 203.0.114.0 223.255.255.255 168.63.129.15
    2001:4860:4860::8888 2606:4700::1111 2a00:1450:4001:82a::200e 2001:200::1
    ::ffff:8.8.8.8 64:ff9b::8.8.8.8 64:ff9b::808:808
    """
)
PRIVATE = words(
    """
    127.0.0.1 127.255.255.254 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1
    100.64.0.1 100.127.255.255 ::1 fc00::1 fdff:ffff::1
    ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 64:ff9b::127.0.0.1 64:ff9b::a00:1
    64:ff9b::c0a8:101
    """
)
METADATA = words(
    """
    169.254.169.254 169.254.170.2 169.254.170.23 100.100.100.200 168.63.129.16 192.0.0.192
    fd00:ec2::254 fd00:ec2::23 fd20:ce::254 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe
    ::ffff:168.63.129.16
    """
)
SPECIAL = words(
    """
    0.0.0.0 0.1.2.3 169.254.0.1 169.254.169.253 192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1
    198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::2 ::127.0.0.1 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b:1::1 64:ff9b:1::127.0.0.1
    100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:db8::1
    2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 3ffe::1 3fff::1 4000::1 5f00::1
    fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ff0e::1 ::ffff:0.0.0.0 64:ff9b::e000:1
    """
)
ADDRESSES = [
    (address, kind)
    for kind, addresses in {
        "public": PUBLIC,
        "private": PRIVATE,
        "metadata": METADATA,
        "special": SPECIAL,
    }.items()
    for address in addresses
]


@pytest.mark.parametrize(("address", "kind"), ADDRESSES)
def test_kind_of_address(address: str, kind: str) -> None:
    assert kind_of(read_address(address))[0] == kind


@pytest.mark.parametrize(("address", "kind"), ADDRESSES)
def test_what_a_policy_makes_of_the_kinds(address: str, kind: str) -> None:
    for policy, allowed in [
        (MediaPolicy(), kind == "public"),
        (MediaPolicy(allow_private=True), kind in ("public", "private")),
        (MediaPolicy(allowed_networks=["0.0.0.0/0", "::/0"]), True),
        (MediaPolicy(denied_networks=["0.0.0.0/0", "::/0"], allow_private=True), False),
    ]:
        if allowed:
            policy.check_address(address)
        else:
            with pytest.raises(ValueError, match=r"not a public address|denies the address"):
                policy.check_address(address)


@given(st.ip_addresses(v=4))
def test_public_is_never_more_than_the_standard_library_says(
    address: ipaddress.IPv4Address,
) -> None:
    for form in (
        address,
        ipaddress.IPv6Address(f"::ffff:{address}"),
        ipaddress.IPv6Address(f"64:ff9b::{address}"),
    ):
        if kind_of(form)[0] == "public":
            assert not address.is_private
            assert not address.is_multicast
            assert not address.is_reserved


@given(st.ip_addresses(v=6))
def test_public_ipv6_is_global_unicast(address: ipaddress.IPv6Address) -> None:
    if kind_of(address)[0] == "public" and address.ipv4_mapped is None:
        assert address in ipaddress.ip_network("2000::/3") or address in ipaddress.ip_network(
            "64:ff9b::/96"
        )


GOOD = {
    "http://example.com": ("http", "example.com", 80, "/"),
    "https://example.com/a/b.png?x=1&y=2": ("https", "example.com", 443, "/a/b.png?x=1&y=2"),
    "HTTPS://EXAMPLE.com:8443/A": ("https", "example.com", 8443, "/A"),
    "https://example.com.:443/": ("https", "example.com", 443, "/"),
    "https://example.com:/": ("https", "example.com", 443, "/"),
    "https://example.com?x=1": ("https", "example.com", 443, "/?x=1"),
    "https://example.com/#@127.0.0.1/": ("https", "example.com", 443, "/"),
    "https://example.com/?u=http://127.0.0.1@b/": (
        *("https", "example.com", 443),
        "/?u=http://127.0.0.1@b/",
    ),
    "https://example.com/é": ("https", "example.com", 443, "/%C3%A9"),
    "https://bücher.example/": ("https", "xn--bcher-kva.example", 443, "/"),
    "https://a_b.example/": ("https", "a_b.example", 443, "/"),
    "https://127.0.0.1.example.com/": ("https", "127.0.0.1.example.com", 443, "/"),
    "https://8.8.8.8/": ("https", "8.8.8.8", 443, "/"),
    "https://[2606:4700:0:0::1111]/": ("https", "2606:4700::1111", 443, "/"),
    "https://[64:ff9b::8.8.8.8]/": ("https", "64:ff9b::808:808", 443, "/"),
    "https://ⓔⓧⓐⓜⓟⓛⓔ.com/": ("https", "example.com", 443, "/"),
}


@pytest.mark.parametrize("url", GOOD)
def test_urls_that_may_be_fetched(url: str) -> None:
    place = MediaPolicy().check_url(url)
    assert (place.scheme, place.host, place.port, place.target) == GOOD[url]


LOCAL = words(
    """
    http://127.0.0.1/ http://127.0.0.1:8080/x http://127.0.0.1./ http://10.0.0.1/
    http://192.168.1.1/ http://172.16.0.1/ http://169.254.169.254/latest/meta-data/
    http://100.100.100.200/ http://168.63.129.16/ http://0.0.0.0/ http://255.255.255.255/
    http://[::1]/ http://[::]/ http://[0:0:0:0:0:0:0:1]/ http://[::ffff:127.0.0.1]/
    http://[::ffff:7f00:1]/ http://[::ffff:a9fe:a9fe]/ http://[64:ff9b::127.0.0.1]/
    http://[64:ff9b:1::1]/ http://[2002:7f00:1::]/ http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/
    http://[fe80::1]/ http://[fc00::1]/ http://[fd00:ec2::254]/ http://[ff02::1]/
    http://[::127.0.0.1]/ http://[::ffff:0:127.0.0.1]/ http://１２７.0.0.1/ http://127。0。0。1/
    http://①②⑦.0.0.1/ http://224.0.0.1/ http://198.18.0.1/ http://100.64.0.1/
    """
)


@pytest.mark.parametrize("url", LOCAL)
def test_urls_with_an_address_that_is_not_public(url: str) -> None:
    with pytest.raises(ValueError, match="is not a public address"):
        MediaPolicy().check_url(url)


ODD = {
    "numbers": """http://2130706433/ http://017700000001/ http://0x7f000001/ http://0177.0.0.1/
        http://0x7f.0.0.1/ http://127.1/ http://127.0.1/ http://0/ http://127.0.0.01/
        http://1.2.3.4.5/ http://300.1.1.1/ http://example.com.0x7f/ http://0x/ http://１2130706433/
        http://4294967296/""",
    "users": """http://user@example.com/ http://user:pass@example.com/ http://example.com@127.0.0.1/
        http://127.0.0.1@example.com/ http://@example.com/ http://a:80@b:80/""",
    "hosts": """http:/// http://./ http://a..b/ http://.a/ http://%31%32%37.0.0.1/ http://a%2eb/
        http://exa$mple.com/ http://[127.0.0.1]/ http://[::1 http://::1/ http://[::1]x/
        http://[v1.a]/ http://[fe80::1%25eth0]/ http://a:b/ http://a:1:2/ http://a,b/ http://*/""",
    "ports": "http://a:0/ http://a:65536/ http://a:99999/ http://a:-1/ http://a:8o/ http://a:080080/",
    "schemes": """file:///etc/passwd file://localhost/etc/passwd ftp://example.com/ gopher://a/
        gs://bucket/a data:,a javascript:alert(1) jar:http://a!/ unix:///run/docker.sock
        //example.com/ /etc/passwd example.com http:example.com http:/example.com https:""",
}
SPACED = [
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    "http:\\\\example.com/",
    "http://exam\tple.com/",
    "http://example.com/\r\nHost: 127.0.0.1",
    "http://example.com/a b",
    "http://example .com/",
    "http://example.com\n/",
    "http://exam\x00ple.com/",
    " http://example.com/",
    "",
]
REFUSED = [url for urls in ODD.values() for url in urls.split()] + SPACED


@pytest.mark.parametrize("url", REFUSED)
def test_urls_that_programs_may_read_in_different_ways(url: str) -> None:
    with pytest.raises(ValueError):
        MediaPolicy(allow_private=True, allowed_networks=["0.0.0.0/0", "::/0"]).check_url(url)


@given(st.text(max_size=40))
def test_whatever_is_accepted_has_a_plain_host(rest: str) -> None:
    try:
        place = read_url(f"http://{rest}")
    except ValueError:
        return
    assert place.host.isascii()
    assert not set(place.host) & set("@/\\?# %")
    assert place.target.isascii()
    assert place.target.startswith("/")
    assert not any(character.isspace() for character in place.target)
    assert read_url(f"http://{place.authority}{place.target}") == place


def test_a_url_is_shown_without_its_query() -> None:
    place = read_url("https://example.com:8443/a.png?X-Amz-Signature=secret")
    assert str(place) == "https://example.com:8443/a.png"
    assert str(read_url("http://[2606:4700::1]:80/a")) == "http://[2606:4700::1]/a"


# --- policies


def test_hosts_may_be_allowed_and_denied() -> None:
    policy = MediaPolicy(allowed_hosts=["*.Example.com", "cdn.net"], denied_hosts=["x.example.com"])
    for url in ("https://a.example.com/", "https://a.b.EXAMPLE.com./", "https://cdn.net/"):
        policy.check_url(url)
    for host in ("example.com", "notexample.com", "x.example.com", "a.cdn.net", "8.8.8.8"):
        with pytest.raises(ValueError, match=rf"the host `{host}`"):
            policy.check_url(f"https://{host}/")


def test_an_allowed_host_is_still_no_private_address() -> None:
    policy = MediaPolicy(allowed_hosts=["127.0.0.1"])
    with pytest.raises(ValueError, match="not a public address"):
        policy.check_url("http://127.0.0.1/")


def test_networks_are_allowed_and_denied_also_inside_ipv6() -> None:
    policy = MediaPolicy(allowed_networks=["10.1.0.0/16", "169.254.169.254"])
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "169.254.169.254"):
        policy.check_address(address)
    with pytest.raises(ValueError, match="private network"):
        policy.check_address("10.2.0.1")
    policy = MediaPolicy(denied_networks=["8.8.0.0/16"])
    for address in ("8.8.4.4", "::ffff:8.8.4.4", "64:ff9b::8.8.4.4"):
        with pytest.raises(ValueError, match="denies"):
            policy.check_address(address)


def test_schemes_may_be_narrowed_or_none() -> None:
    with pytest.raises(ValueError, match="allows `https`, not `http`"):
        MediaPolicy(schemes=["https"]).check_url("http://example.com/")
    with pytest.raises(ValueError, match="allows no scheme, not `https`"):
        MediaPolicy(schemes=[]).check_url("https://example.com/")


def test_no_policy_lets_another_scheme_through() -> None:
    for url in ("file:///etc/passwd", "ftp://example.com/a", "gs://bucket/a"):
        with pytest.raises(ValueError, match=r"no http\(s\) URL"):
            MediaPolicy(schemes=["file", "ftp", "gs"]).check_url(url)


def test_behind_a_proxy_local_names_are_refused() -> None:
    policy = MediaPolicy(use_proxies=True)
    for host in ("localhost", "a.localhost", "metadata.google.internal", "printer.local"):
        with pytest.raises(ValueError, match="local name"):
            policy.check_url(f"http://{host}/")
    MediaPolicy(use_proxies=True, allow_private=True).check_url("http://localhost/")
    policy.check_url("http://example.com/")


def test_what_a_policy_cannot_be() -> None:
    with pytest.raises(TypeError, match=r"`schemes` takes a list: write `\['https'\]`"):
        MediaPolicy(schemes="https")
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        MediaPolicy(allowed_networks=["10.0.0.0/99"])


def test_policies_are_values() -> None:
    hosts = ["a.b"]
    policy = MediaPolicy(allowed_hosts=hosts)
    hosts.append("c.d")
    assert policy == MediaPolicy(allowed_hosts=["a.b"])
    assert hash(policy) == hash(MediaPolicy(allowed_hosts=["a.b"]))
    assert pickle.loads(pickle.dumps(policy)) == policy
