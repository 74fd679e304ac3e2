"""Time zones, opening hours and holidays: real names, hours that exist, dates filled in.

Send windows have holidays too.
"""

from __future__ import annotations

from pydantic import ValidationError

from adapters.documents.marked import Node
from lifecycle.calendars.holidays import expand_holidays
from lifecycle.calendars.local_time import zone
from models.hours import parse_block, parse_days
from models.program.handoff import Holidays

_FIXED = {"EST": "America/New_York", "MST": "America/Denver"}
"""Zones without summer time, and the place that people mean by them."""


def check_calendars(root: Node) -> None:
    """Report unknown zones, countries and hours. Fill in the dates of holidays."""
    check_zone(root.get("timezone"))
    for calendar in root.get("calendars").values():
        check_zone(calendar.get("timezone"))
        _check_hours(calendar.get("hours"))
        _expand(calendar.get("holidays"))
    _expand(root.get("sending", "send_window", "holidays"))
    for email in root.get("emails").values():
        _expand(email.get("send_window", "holidays"))


def warn_of_zones_without_summer_time(root: Node) -> None:
    """Warn of zones like EST, which have no summer time though the places that say so have it."""
    for name in (
        root.get("timezone"),
        *(one.get("timezone") for one in root.get("calendars").values()),
    ):
        if (place := _FIXED.get(name.text or "")) is not None:
            name.warn(f"'{name.text}' has no summer time; write {place}")


def check_zone(name: Node) -> None:
    """Report an unknown time zone."""
    if name.text is not None:
        try:
            zone(name.text)
        except ValueError as error:
            name.report(str(error))


def _check_hours(hours: Node) -> None:
    """Report each wrong day and block at its place. The model reports a week without hours."""
    for days, blocks in hours.items():
        try:
            parse_days(days)
        except ValueError as error:
            blocks.report(str(error), key=True)
        for block in blocks.each() if isinstance(blocks.value, list) else (blocks,):
            try:
                parse_block(block.value)
            except ValueError as error:
                block.report(str(error))


def _expand(written: Node) -> None:
    if not isinstance(written.value, dict) or "dates" in written.value:
        return
    try:
        holidays = Holidays.model_validate(written.value, by_alias=True, by_name=False)
    except ValidationError:
        return  # the model reports it
    try:
        dates = expand_holidays(holidays)
    except ValueError as error:
        key = "subdivision" if "subdivision" in str(error) else "country"
        written.get(key).report(str(error))
        return
    written.value["dates"] = [day.isoformat() for day in dates]
    whole = Holidays(country=holidays.country, subdivision=holidays.subdivision, also=holidays.also)
    closed = set(expand_holidays(whole)) if holidays.except_ else set()
    for place, day in enumerate(holidays.except_):
        if day not in closed:
            written.get("except", place).warn(
                f"{day} is no holiday here, so there is nothing to take out; remove it, or"
                " write the day on which the holiday falls that year"
            )
