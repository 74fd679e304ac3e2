"""What `leadflow doctor` says about the DNS records of mail domains; a name server of its own."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dns.asyncresolver import Resolver

from adapters.delivery.dkim import published_key
from adapters.delivery.mail_dns import DnsAnswer, MailDns, is_reserved

Zone = dict[tuple[str, str], list[str]]


class NameServer(asyncio.DatagramProtocol):
    """Answers from a zone; a name that is not in it does not exist."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # a datagram's
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        found = self._zone.get((name, kind))
        if found:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif not any(known == name for known, _ in self._zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), address)


@asynccontextmanager
async def served(zone: Zone) -> AsyncIterator[MailDns]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: NameServer(zone), local_addr=("127.0.0.1", 0)
    )
    resolver = Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    try:
        yield MailDns(resolver)
    finally:
        transport.close()


WELL: Zone = {
    ("in.acme.com", "MX"): ["10 mail.acme.com."],
    ("mail.acme.com", "AAAA"): ["2001:db8::1"],
    ("in.acme.com", "TXT"): ['"google-site"', '"v=spf1 ip4:192.0.2.1 -all"'],
    ("_dmarc.acme.com", "TXT"): ['"v=DMARC1; p=reject"'],
}


async def test_domains_that_are_well_are_told_with_their_records() -> None:
    async with served(WELL) as records:
        found = [
            await records.mx("in.acme.com"),
            await records.spf("in.acme.com"),
            await records.dmarc("news.acme.com"),  # the domain above it has the policy
        ]
    assert [(one.status, one.found) for one in found] == [
        ("ok", "10 mail.acme.com."),
        ("ok", "v=spf1 ip4:192.0.2.1 -all"),
        ("ok", "v=DMARC1; p=reject"),
    ]
    assert found[2].name == "_dmarc.acme.com"


@pytest.mark.parametrize(
    ("texts", "said", "remedy"),
    [
        ([], "there is none", "publish `acme.com. TXT"),
        (['"v=spf1 -all"', '"v=spf1 ~all"'], "there are 2", "several count as none"),
        (['"v=spf1 +all"'], "v=spf1 +all", "end it with `-all`"),
        (['"v=spf1 -all"'], "v=spf1 -all", "now nobody may send for you"),
    ],
)
async def test_a_wrong_spf_record_has_a_remedy(texts: list[str], said: str, remedy: str) -> None:
    zone: Zone = {("acme.com", "TXT"): texts, ("acme.com", "MX"): []}
    async with served(zone) as records:
        found = await records.spf("acme.com")
        mx = await records.mx("acme.com")
        dmarc = await records.dmarc("acme.com")
    assert (found.status, found.found) == ("wrong", said)
    assert remedy in found.remedy
    assert (mx.status, dmarc.status) == ("wrong", "wrong")
    assert "inbound listener" in mx.remedy
    assert "v=DMARC1" in dmarc.remedy


@pytest.mark.parametrize(
    ("mx", "said", "remedy"),
    [
        ("0 .", "takes no mail", "name a host"),
        ("10 gone.acme.com.", "gone.acme.com has no address", "A or AAAA record of gone.acme.com"),
    ],
)
async def test_an_mx_record_that_leads_nowhere_has_a_remedy(
    mx: str, said: str, remedy: str
) -> None:
    async with served({("acme.com", "MX"): [mx]}) as records:
        found = await records.mx("acme.com")
    assert (found.status, said in found.found, remedy in found.remedy) == ("wrong", True, True)


@pytest.mark.parametrize(
    ("texts", "said", "remedy"),
    [
        (['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], "there are 2", "several count as none"),
        (['"v=DMARC1; rua=mailto:x@acme.com"'], "v=DMARC1; rua=mailto:x@acme.com", "p=none"),
    ],
)
async def test_a_dmarc_record_without_one_policy_has_a_remedy(
    texts: list[str], said: str, remedy: str
) -> None:
    async with served({("_dmarc.acme.com", "TXT"): texts}) as records:
        found = await records.dmarc("acme.com")
    assert (found.status, found.found, remedy in found.remedy) == ("wrong", said, True)


async def test_the_published_dkim_key_is_compared_with_ours(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    file = tmp_path / "dkim.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ours = base64.b64encode(public).decode()
    assert published_key(file) == ours
    text = f"v=DKIM1; k=rsa; p={ours}"
    record = f'"{text[:200]}" "{text[200:]}"'  # a string of a record has at most 255 characters
    zone: Zone = {
        ("here._domainkey.acme.com", "TXT"): [record],
        ("old._domainkey.acme.com", "TXT"): ['"v=DKIM1; p=MIGf"'],
    }
    async with served(zone) as records:
        found = [await records.dkim("acme.com", name, ours) for name in ("here", "old", "gone")]
    assert [one.status for one in found] == ["ok", "wrong", "wrong"]
    assert all(f"p={ours}" in one.remedy for one in found[1:])


async def test_without_a_name_server_nothing_is_said_to_be_wrong() -> None:
    resolver = Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = 1
    records = MailDns(resolver)
    resolver.lifetime = 0.2
    found: DnsAnswer = await records.mx("acme.com")
    assert (found.status, found.found.startswith("no name server answers")) == ("unknown", True)


def test_domains_for_examples_are_not_asked_about() -> None:
    assert [is_reserved(one) for one in ("acme.example", "in.x.localhost.", "acme.com")] == [
        True,
        True,
        False,
    ]
