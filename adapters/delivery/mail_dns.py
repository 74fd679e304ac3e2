"""What the DNS says about the domains of our mail: MX, SPF, DKIM and DMARC.

Receivers ask for these records. Without them mail goes to the spam folder, or is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers

from models.addresses import ascii_domain

_RESERVED = ("example", "test", "invalid", "localhost", "local")
"""Top-level domains that no public DNS has (RFC 2606, RFC 6762)."""

_POLICIES = ("none", "quarantine", "reject")
"""What a DMARC record may ask of receivers."""


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What was found of one record. `unknown`: no name server answered."""

    record: Literal["MX", "SPF", "DKIM", "DMARC"]
    name: str
    status: Literal["ok", "wrong", "unknown"]
    found: str
    remedy: str = ""


class MailDns:
    """Asks for the records; one resolver, which has its own time limit."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self._resolver = resolver or Resolver()
        self._resolver.lifetime = 5.0

    async def mx(self, domain: str) -> DnsAnswer:
        """Whether mail for this domain comes to a server (RFC 5321; `0 .` says no, RFC 7505)."""
        answer = partial(DnsAnswer, "MX", domain)
        found = await self._records(domain, "MX")
        if isinstance(found, str):
            return answer("unknown", found)
        if not found:
            return answer(
                "wrong",
                "there is none",
                f"publish `{domain}. MX 10 HOST`, where HOST reaches the inbound listener at port"
                " 25; bounces and replies come back that way",
            )
        hosts = [one.split()[1].rstrip(".") for one in found]
        if hosts == [""]:
            return answer("wrong", "0 . says that the domain takes no mail", "name a host in it")
        for host in hosts:
            addresses = await self._records(host, "A") or await self._records(host, "AAAA")
            if isinstance(addresses, str):
                return answer("unknown", addresses)
            if not addresses:
                return answer(
                    "wrong",
                    f"{', '.join(found)}; {host} has no address",
                    f"publish an A or AAAA record of {host}",
                )
        return answer("ok", ", ".join(found))

    async def spf(self, domain: str) -> DnsAnswer:
        """Whether the domain of the envelope's sender says who may send for it (RFC 7208)."""
        answer = partial(DnsAnswer, "SPF", domain)
        found = await self._texts(domain, "v=spf1")
        if isinstance(found, str):
            return answer("unknown", found)
        if not found:
            text = '"v=spf1 include:YOUR-RELAY -all"'
            return answer("wrong", "there is none", f"publish `{domain}. TXT {text}`")
        if len(found) > 1:
            return answer("wrong", f"there are {len(found)}", "keep one: several count as none")
        if found[0].rstrip().endswith(("+all", " all")):
            return answer(
                "wrong", found[0], "end it with `-all` or `~all`: now everybody may send for you"
            )
        if all(one.startswith("-") for one in found[0].split()[1:]):
            return answer(
                "wrong", found[0], "name your relay before `-all`: now nobody may send for you"
            )
        return answer("ok", found[0])

    async def dkim(self, domain: str, selector: str, key: str) -> DnsAnswer:
        """Whether the public key that belongs to ours is published (RFC 6376)."""
        name = f"{selector}._domainkey.{ascii_domain(domain)}"
        answer = partial(DnsAnswer, "DKIM", name)
        found = await self._texts(name, "")
        if isinstance(found, str):
            return answer("unknown", found)
        wanted = f'publish `{name}. TXT "v=DKIM1; k=rsa; p={key}"`'
        keys = [_tags(one).get("p", "") for one in found if "p" in _tags(one)]
        if not keys:
            return answer("wrong", "there is none", wanted)
        if key not in keys:
            return answer("wrong", "another key is published", wanted)
        return answer("ok", "the key is published")

    async def dmarc(self, domain: str) -> DnsAnswer:
        """Whether the domain of the From, or one above it, has a policy (RFC 7489)."""
        labels = ascii_domain(domain).split(".")
        name = f"_dmarc.{'.'.join(labels)}"
        for start in range(max(1, len(labels) - 1)):
            above = f"_dmarc.{'.'.join(labels[start:])}"
            found = await self._texts(above, "v=DMARC1")
            if isinstance(found, str):
                return DnsAnswer("DMARC", name, "unknown", found)
            if len(found) > 1:
                said = "keep one: several count as none"
                return DnsAnswer("DMARC", above, "wrong", f"there are {len(found)}", said)
            if found and _tags(found[0]).get("p", "").lower() not in _POLICIES:
                said = f"name a policy in it: p={', p='.join(_POLICIES)}"
                return DnsAnswer("DMARC", above, "wrong", found[0], said)
            if found:
                return DnsAnswer("DMARC", above, "ok", found[0])
        text = f'"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
        said = f"publish `{name}. TXT {text}`; large receivers refuse bulk mail without a policy"
        return DnsAnswer("DMARC", name, "wrong", "there is none", said)

    async def _texts(self, name: str, start: str) -> list[str] | str:
        found = await self._records(name, "TXT")
        if isinstance(found, str):
            return found
        return [one for one in found if one.lower().startswith(start.lower())]

    async def _records(self, name: str, kind: str) -> list[str] | str:
        """The records; why nobody knows if no name server answers."""
        try:
            answer = await self._resolver.resolve(ascii_domain(name), kind)
        except (NXDOMAIN, NoAnswer):
            return []
        except (DNSException, NoNameservers, OSError, ValueError) as error:
            return f"no name server answers: {error}"
        if kind == "TXT":
            return [b"".join(one.strings).decode(errors="replace") for one in answer]
        return [one.to_text() for one in answer]


def is_reserved(domain: str) -> bool:
    """Whether this domain is for examples and private networks, so that no public DNS has it."""
    return domain.rstrip(".").rpartition(".")[2].lower() in _RESERVED


def _tags(text: str) -> dict[str, str]:
    """The tags of a DKIM record: `v=DKIM1; k=rsa; p=…`, with folding spaces taken out."""
    pairs = (one.partition("=") for one in text.split(";"))
    return {name.strip(): "".join(value.split()) for name, equals, value in pairs if equals}
