"""Mail: the relay that takes it, and what the DNS says about its domains."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from dns.asyncresolver import Resolver

from activities.ports import MailUnsentError
from adapters.delivery.dkim import published_key
from adapters.delivery.mail_dns import DnsAnswer, MailDns, is_reserved
from adapters.delivery.outage import REMEDIES, cause_of
from assembly.doctor.check import Check, Status
from assembly.doctor.published import newest_programs
from assembly.mail import open_mailer
from assembly.settings import Settings, UnusableSettingError
from models.addresses import only_address


async def look_at_relay(settings: Settings) -> AsyncIterator[Check]:
    """Whether the relay lets us in."""
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        await open_mailer(settings).check()
    except UnusableSettingError as error:
        yield Check("mail relay", "wrong", str(error), "set it right")
    except MailUnsentError as error:
        yield Check("mail relay", "wrong", str(error), REMEDIES[cause_of(error)])
    else:
        yield Check("mail relay", "ok", f"{where} lets us in")


async def look_at_dns(settings: Settings, resolver: Resolver | None) -> AsyncIterator[Check]:
    """MX and SPF of the mail domain, DKIM of the signing one, DMARC of the senders' domains."""
    senders = await asyncio.to_thread(_sender_domains, settings)
    mail_domain = settings.mail_domain
    if not mail_domain:
        remedy = "set LEADFLOW_MAIL_DOMAIN, and let its MX record lead to the inbound listener"
        said = "there is none: bounces and replies go to the sender"
        yield Check("mail domain", "warning", said, remedy)
    asked = sorted({one for one in (mail_domain, settings.dkim_domain, *senders) if one})
    reserved = [one for one in asked if is_reserved(one)]
    if reserved:
        said = f"not asked about {', '.join(reserved)}: no public DNS has such domains"
        yield Check("DNS", "warning", said, "use domains of your own before you send mail")
    dns = MailDns(resolver)
    if mail_domain and mail_domain not in reserved:
        yield _check(await dns.mx(mail_domain))
    # Bounces go to the mail domain, so it is the envelope's sender, of which SPF speaks.
    for domain in [mail_domain] if mail_domain else senders:
        if domain not in reserved:
            yield _check(await dns.spf(domain))
    if settings.dkim_key_file is None:
        remedy = "let the relay sign, or set LEADFLOW_DKIM_DOMAIN, _SELECTOR and _KEY_FILE"
        yield Check("DKIM", "warning", "mail is not signed here", remedy)
    elif settings.dkim_domain not in reserved:
        with suppress(ValueError):  # the check of the relay says what is wrong with the file
            key = published_key(settings.dkim_key_file)
            yield _check(await dns.dkim(settings.dkim_domain, settings.dkim_selector, key))
    for domain in senders:
        if domain not in reserved:
            yield _check(await dns.dmarc(domain))


def _check(answer: DnsAnswer) -> Check:
    statuses: dict[str, Status] = {"ok": "ok", "wrong": "wrong", "unknown": "warning"}
    status = statuses[answer.status]
    remedy = answer.remedy or ("" if status == "ok" else "can this machine ask the DNS?")
    return Check(f"{answer.record} of {answer.name}", status, answer.found, remedy)


def _sender_domains(settings: Settings) -> list[str]:
    """The domains from which published programs send, sorted."""
    programs = newest_programs(settings)
    return sorted({only_address(one.sending.from_).domain for one in programs})
