"""What is sent, and when it may be."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from models.durations import CapField, Share, ShareField
from models.hours import DaysField, TimeBlockField
from models.program.handoff import Holidays
from models.program.values import CountryCode, Flag, Part


class SendWindow(Part):
    """When nurture mail may be sent, in the lead's own time zone; start included, end not."""

    days: DaysField = Field(
        default=frozenset(range(7)),
        description="The days on which the window opens; every day if absent",
        examples=["mon-fri"],
    )
    hours: TimeBlockField = Field(
        description="The hours of such a day, start included and end not; 22:00-06:00 ends"
        " on the next day",
        examples=["08:00-18:00"],
    )
    holidays: Holidays = Field(
        default=Holidays(),
        description="Days on which no block of the window begins",
        examples=[{"country": "US"}],
    )

    @cached_property
    def closed(self) -> frozenset[date]:
        """The local days on which the window does not open."""
        return self.holidays.days


class FooterWords(Part):
    """What the footer of a mail says, in one language."""

    unsubscribe: str = Field(
        min_length=1,
        max_length=60,
        description="The words of the link that ends all marketing mail",
        examples=["Avregistrera"],
    )
    preferences: str = Field(
        min_length=1,
        max_length=60,
        description="The words of the link on which a reader asks for less mail",
        examples=["Färre mejl"],
    )
    open_page: str = Field(
        min_length=1,
        max_length=60,
        description="The words of a tracked link whose own text was an address without words",
        examples=["Öppna sidan"],
    )


class Sending(Part):
    """How mail is sent."""

    from_: str = Field(
        alias="from",
        description="The sender of all mail: a name and an address",
        examples=["Acme <hello@acme.example>"],
    )
    postal_address: str = Field(
        min_length=1,
        description="The postal address in the footer of every e-mail, which the law requires",
        examples=["Acme Inc., 1 Main Street, Springfield"],
    )
    send_window: SendWindow | None = Field(
        default=None,
        description="When nurture mail may be sent, in the lead's own time zone; always if absent",
        examples=[{"days": "mon-fri", "hours": "08:00-18:00"}],
    )
    caps: tuple[CapField, ...] = Field(
        default=(),
        description="The most nurture mail to one lead; an e-mail over a cap waits and is"
        " never dropped",
        examples=[["1 per 1d", "3 per 7d"]],
    )
    consent_required_in: tuple[CountryCode, ...] = Field(
        default=(),
        description="Countries where a lead without consent gets no marketing mail: codes of"
        " two letters",
        examples=[["DE"]],
    )
    holdout: ShareField = Field(
        default=Share(0),  # type: ignore[arg-type]  # an int is a fine exact share
        description="The share of leads that get no marketing mail, for comparison",
        examples=["5%"],
    )
    rate: CapField | None = Field(
        default=None,
        description="The most mail of this program, all workers together",
        examples=["600 per 1m"],
    )
    domain_rate: CapField | None = Field(
        default=None,
        description="The most mail to any one recipient domain",
        examples=["100 per 1m"],
    )
    track: tuple[Literal["clicks", "opens"], ...] = Field(
        default=(),
        description="Which actions of recipients are tracked",
        examples=[["clicks", "opens"]],
    )
    double_opt_in: Flag = Field(
        default=False,
        description="Whether an address must be confirmed before anything else is sent to"
        " it; needs an operational e-mail named confirm",
        examples=[True],
    )
    language: str = Field(
        default="en",
        min_length=2,
        max_length=20,
        description="The language of mail to leads without a `language` of which there are words:"
        " a code of ISO 639-1",
        examples=["de"],
    )
    footer: dict[str, FooterWords] = Field(
        default_factory=dict,
        description="The words of the footer by language, beside or instead of ours (en, de, fr,"
        " es, it, nl, pt, ja)",
        examples=[
            {
                "sv": {
                    "unsubscribe": "Avregistrera",
                    "preferences": "Färre mejl",
                    "open_page": "Öppna",
                }
            }
        ],
    )


class Email(Part):
    """One e-mail: a subject and one body, inline text or an MJML template."""

    subject: str = Field(
        min_length=1,
        description="The subject, in Liquid",
        examples=["Welcome, {{ lead.first_name | default: 'there' }}"],
    )
    from_: Literal["owner"] | None = Field(
        default=None,
        alias="from",
        description="From the lead's owner, if there is one; else from the program's sender",
        examples=["owner"],
    )
    preheader: str | None = Field(
        default=None,
        description="The text that an inbox shows beside the subject",
        examples=["Three things worth ten minutes"],
    )
    text: str | None = Field(
        default=None,
        description="The body as plain text, in Liquid; either this or template",
        examples=["Hello {{ lead.first_name }}, here is the guide."],
    )
    template: str | None = Field(
        default=None,
        description="The body as an MJML file beside the program; either this or text",
        examples=["welcome.mjml"],
    )
    mjml: str | None = Field(
        default=None,
        description="The template's text; filled in when the program is read",
        examples=["<mjml></mjml>"],
    )
    operational: Flag = Field(
        default=False,
        description="Whether this is no marketing: then only bounces and complaints stop it,"
        " and no cap, window or consent counts",
        examples=[True],
    )
    send_window: SendWindow | None = Field(
        default=None,
        description="When this e-mail may be sent, in place of the program's window",
        examples=[{"days": "tue", "hours": "09:00-12:00"}],
    )

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if (self.text is None) == (self.template is None):
            raise ValueError("an e-mail has exactly one body: text or template")
        return self
