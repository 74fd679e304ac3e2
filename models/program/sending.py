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

    days: DaysField = frozenset(range(7))
    hours: TimeBlockField
    holidays: Holidays = Field(
        default=Holidays(),
        description="Days on which no block of the window begins, like {country: US}",
    )

    @cached_property
    def closed(self) -> frozenset[date]:
        """The local days on which the window does not open."""
        return self.holidays.days


class Sending(Part):
    """How mail is sent."""

    from_: str = Field(alias="from")
    postal_address: str = Field(min_length=1)
    send_window: SendWindow | None = None
    caps: tuple[CapField, ...] = ()
    consent_required_in: tuple[CountryCode, ...] = ()
    holdout: ShareField = Share(0)  # type: ignore[arg-type]  # an int is a fine exact share
    rate: CapField | None = Field(
        default=None, description="The most mail of this program, all workers together"
    )
    domain_rate: CapField | None = Field(
        default=None, description="The most mail to any one recipient domain"
    )
    track: tuple[Literal["clicks", "opens"], ...] = ()
    double_opt_in: Flag = False


class Email(Part):
    """One e-mail: a subject and one body, inline text or an MJML template."""

    subject: str = Field(min_length=1)
    from_: Literal["owner"] | None = Field(
        default=None, alias="from", description="From the lead's owner, if there is one"
    )
    preheader: str | None = None
    text: str | None = None
    template: str | None = None
    mjml: str | None = Field(
        default=None, description="The template's text; filled in when the program is read"
    )
    operational: Flag = False
    send_window: SendWindow | None = Field(
        default=None,
        description="When this e-mail may be sent, in place of the program's window,"
        ' like {days: tue, hours: "09:00-12:00"}',
    )

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if (self.text is None) == (self.template is None):
            raise ValueError("an e-mail has exactly one body: text or template")
        return self
