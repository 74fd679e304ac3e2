"""DKIM, verified by other code than the signer's library.

Always by the verifier in signed_mail.py; also by Debian's Mail::DKIM (libmail-dkim-perl) where it
is installed, and that test says so when it is not.
"""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from activities.ports import Rendered
from adapters.delivery.catcher import Catcher
from adapters.delivery.dkim import DkimSigner
from adapters.delivery.smtp import SmtpMailer
from adapters.mail.message import build_message
from adapters.mail.render import MailRenderer
from tests.mail.acme import LINKS, PEOPLE, lead, program, render_alert, render_note, send_mail
from tests.mail.signed_mail import fields, record, signed_names, verifies

DOMAIN, SELECTOR = "acme.example", "leadflow"
DATE = datetime(2026, 3, 2, 14, tzinfo=UTC)

_VERIFY = r"""
use strict; use warnings;
use Mail::DKIM::Verifier; use Net::DNS;
my ($record, $file) = @ARGV;
no warnings 'redefine';
*Mail::DKIM::DNS::query = sub {
    my ($name) = @_;
    $@ = '';
    return () if $name ne 'leadflow._domainkey.acme.example';
    my @parts = unpack('(A250)*', $record);
    return Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => \@parts);
};
my $verifier = Mail::DKIM::Verifier->new();
open(my $mail, '<:raw', $file) or die;
$verifier->PRINT($_) while <$mail>;
$verifier->CLOSE;
print $verifier->result_detail;
"""


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture
def key_file(key: rsa.RSAPrivateKey, tmp_path: Path) -> Path:
    file = tmp_path / "dkim.pem"
    file.write_bytes(pem(key))
    return file


@pytest.fixture
def signed(key_file: Path) -> Callable[[Rendered], bytes]:
    signer = DkimSigner(domain=DOMAIN, selector=SELECTOR, key_file=key_file)

    def sign(mail: Rendered) -> bytes:
        message = build_message(mail, DATE).as_bytes()
        return signer.signature(message) + message

    return sign


def nurture_mail(text: str = "Hello.", **profile: str) -> Rendered:
    renderer = MailRenderer(LINKS)
    return renderer.marketing(program(text=text), lead(**profile), PEOPLE, send_mail())


MAILS = {
    "nurture": nurture_mail(),
    "to sales": render_alert(MailRenderer(LINKS)),
    "without links": render_note(),
    "with letters of all kinds": nurture_mail(
        "Größe  ✓ \t \n\n.\n\nEnd \n\n\n", first_name="Zoë 李"
    ),
    "to an international address": render_note(email="zoë@bücher.example"),
    "with a long subject": dataclasses.replace(nurture_mail(), subject="A long subject, " * 20),
}


@pytest.mark.parametrize("mail", MAILS.values(), ids=MAILS)
def test_every_mail_is_signed_so_that_another_implementation_verifies_it(
    mail: Rendered, signed: Callable[[Rendered], bytes], key: rsa.RSAPrivateKey
) -> None:
    message = signed(mail)
    assert verifies(message, key.public_key(), domain=DOMAIN, selector=SELECTOR)
    assert max(map(len, message.split(b"\r\n"))) <= 998


def test_all_headers_about_the_author_and_unsubscribing_are_signed(
    signed: Callable[[Rendered], bytes],
) -> None:
    message = signed(nurture_mail())
    names, present = signed_names(message), {name for name, _ in fields(message)}
    wanted = {
        *("from", "to", "subject", "date", "message-id", "reply-to"),
        *("mime-version", "content-type"),
        *("list-id", "list-unsubscribe", "list-unsubscribe-post", "feedback-id"),
    }
    assert wanted <= present
    assert wanted <= set(names)
    assert names.count("from") == 2


_CHANGES = {
    "body": (b"Hello.", b"Hullo."),
    "subject": (b"Subject: A note", b"Subject: Another"),
    "way out": (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lost"),
    "recipient": (b"To: ana@", b"To: eve@"),
    "second author": (b"\r\nTo:", b"\r\nFrom: eve@evil.example\r\nTo:"),
    "author put before": (b"DKIM-Signature:", b"From: eve@evil.example\r\nDKIM-Signature:"),
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_whatever_is_changed_on_the_way_breaks_the_signature(
    change: tuple[bytes, bytes], signed: Callable[[Rendered], bytes], key: rsa.RSAPrivateKey
) -> None:
    message = signed(nurture_mail())
    assert change[0] in message
    changed = message.replace(*change, 1)
    assert not verifies(changed, key.public_key(), domain=DOMAIN, selector=SELECTOR)


def test_changes_that_relays_may_make_keep_the_signature_valid(
    signed: Callable[[Rendered], bytes], key: rsa.RSAPrivateKey
) -> None:
    message = signed(nurture_mail())
    relayed = b"Received: by mx.example\r\n" + message.replace(
        b"Subject: A note", b"subject:   A\r\n\tnote"
    )
    relayed = relayed + b"\r\n\r\n"
    assert verifies(relayed, key.public_key(), domain=DOMAIN, selector=SELECTOR)


def test_another_key_does_not_verify_it(signed: Callable[[Rendered], bytes]) -> None:
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048).public_key()
    assert not verifies(signed(nurture_mail()), other, domain=DOMAIN, selector=SELECTOR)


async def test_what_arrives_by_smtp_verifies(
    key_file: Path, key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    signer = DkimSigner(domain=DOMAIN, selector=SELECTOR, key_file=key_file)
    with Catcher(tmp_path / "mail", 0) as catcher:
        mailer = SmtpMailer("127.0.0.1", catcher.port, local_hostname="me", signer=signer)
        await mailer.send(nurture_mail(".\n.a line that begins with a period"))
        await mailer.close()
    (file,) = (tmp_path / "mail").glob("*.eml")
    arrived = b"\r\n".join(file.read_bytes().splitlines()) + b"\r\n"
    assert verifies(arrived, key.public_key(), domain=DOMAIN, selector=SELECTOR)


def _perl(message: bytes, key: rsa.RSAPrivateKey, folder: Path) -> str:
    script, file = folder / "verify.pl", folder / "mail.eml"
    script.write_text(_VERIFY)
    file.write_bytes(message)
    command = ["perl", str(script), record(key.public_key()), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _has_mail_dkim() -> bool:
    try:
        command = ["perl", "-MMail::DKIM::Verifier", "-e", "1"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(
    not _has_mail_dkim(),
    reason="Debian's libmail-dkim-perl is not installed; the verifier of signed_mail.py judged",
)
@pytest.mark.parametrize("mail", MAILS.values(), ids=MAILS)
def test_debians_verifier_agrees(
    mail: Rendered, signed: Callable[[Rendered], bytes], key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    message = signed(mail)
    assert _perl(message, key, tmp_path) == "pass"
    assert _perl(message.replace(b"Message-ID: <", b"Message-ID: <x"), key, tmp_path) != "pass"


def test_a_key_that_cannot_sign_is_refused_with_the_remedy(
    key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    file = tmp_path / "dkim.pem"

    def made() -> DkimSigner:
        return DkimSigner(domain=DOMAIN, selector=SELECTOR, key_file=file)

    with pytest.raises(ValueError, match=r"dkim\.pem can't be read: No such file"):
        made()
    file.write_text("nonsense")
    with pytest.raises(ValueError, match="openssl genrsa"):
        made()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for unfit in (
        public,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        ),
    ):
        file.write_bytes(unfit)
        with pytest.raises(ValueError, match="no private key in PEM without a password"):
            made()
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505 - refused
    for small in (short, ec.generate_private_key(ec.SECP256R1())):
        file.write_bytes(pem(small))
        with pytest.raises(ValueError, match="RSA of at least 2048 bits"):
            made()
