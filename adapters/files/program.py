"""Reading a program from its YAML file: templates and holidays put in, every error found.

The checks look at the document, not at the model, so that a mistake in one place hides
none in another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from adapters.checks.asked_events import warn_of_any_event
from adapters.checks.breaches import warn_of_idle_settings
from adapters.checks.calendars import check_calendars, warn_of_zones_without_summer_time
from adapters.checks.caps import warn_of_idle_caps, warn_of_tight_caps
from adapters.checks.comparisons import check_comparisons
from adapters.checks.countries import check_countries, check_zones_and_emails
from adapters.checks.endless_tracks import warn_of_endless_turns
from adapters.checks.events import warn_of_unknown_events
from adapters.checks.expressions import check_expressions
from adapters.checks.fallbacks import (
    check_fallbacks,
    warn_of_no_fallback,
    warn_of_repeated_conditions,
)
from adapters.checks.hours import warn_of_days_named_twice, warn_of_the_last_minute
from adapters.checks.idle import warn_of_idle_rules_without_effect
from adapters.checks.mail import check_rendering, check_sending, embed_templates, warn_of_html
from adapters.checks.merge_tags import warn_of_merge_tags
from adapters.checks.minutes import warn_of_minutes
from adapters.checks.own_emails import warn_of_idle_variants, warn_of_later_emails
from adapters.checks.points import warn_of_lost_points
from adapters.checks.references import check_fields, check_references
from adapters.checks.regions import warn_of_missing_subdivisions
from adapters.checks.reminders import warn_of_late_reminders
from adapters.checks.repeated_emails import warn_of_repeated_emails
from adapters.checks.schedules import (
    check_schedules,
    warn_of_missed_runs,
    warn_of_unused_keys,
)
from adapters.checks.targets import check_targets, warn_of_odd_targets
from adapters.checks.tracks import check_tracks
from adapters.checks.unreachable_tracks import (
    warn_of_conditions_that_never_hold,
    warn_of_unreachable_tracks,
)
from adapters.checks.unsent_emails import warn_of_unsent_emails
from adapters.documents.marked import Document, Node
from adapters.documents.problems import Problem
from adapters.documents.schema_errors import report_schema_errors
from adapters.documents.yaml import read_document
from models.program.program import Program

_WARNINGS: tuple[Callable[[Node], None], ...] = (
    warn_of_unsent_emails,
    warn_of_repeated_emails,
    warn_of_unreachable_tracks,
    warn_of_conditions_that_never_hold,
    warn_of_endless_turns,
    warn_of_later_emails,
    warn_of_idle_variants,
    warn_of_minutes,
    warn_of_repeated_conditions,
    warn_of_html,
    warn_of_unknown_events,
    warn_of_tight_caps,
    warn_of_the_last_minute,
    warn_of_missing_subdivisions,
    warn_of_late_reminders,
    warn_of_missed_runs,
    warn_of_unused_keys,
    warn_of_odd_targets,
    warn_of_any_event,
    warn_of_days_named_twice,
    warn_of_idle_caps,
    warn_of_idle_rules_without_effect,
    warn_of_idle_settings,
    warn_of_lost_points,
    warn_of_merge_tags,
    warn_of_no_fallback,
    warn_of_zones_without_summer_time,
)
"""What looks for warnings. Each gets a document that is a valid program."""


def read_program(path: Path) -> Program:
    """Read and check the program in this file.

    Raises DocumentError with all that is wrong, each with line, column, path and remedy.
    """
    program, _ = checked_program(path)
    return program


def checked_program(path: Path) -> tuple[Program, tuple[Problem, ...]]:
    """Read and check the program in this file, and warn of what probably does not do what is meant.

    Raises DocumentError as `read_program`. Warnings are looked for in a program without errors.
    """
    document = read_document(path, "a program")
    root = document.root
    root.value.pop("$schema", None)  # for editors, see program_schema
    _refuse_filled_in(document)
    embed_templates(root, path.parent)
    check_calendars(root)
    check_fields(root)
    check_references(root)
    check_tracks(root)
    check_schedules(root)
    check_expressions(root)
    check_countries(root)
    check_zones_and_emails(root)
    check_comparisons(root)
    check_fallbacks(root)

    check_targets(root)
    check_sending(root)
    check_rendering(root, path.parent)
    program = _validated(document)
    if program is None or document.errors:
        raise document.error()
    for warn in _WARNINGS:
        warn(root)
    return program, document.warnings


def _validated(document: Document) -> Program | None:
    try:
        return Program.model_validate(document.value, by_alias=True, by_name=False)
    except ValidationError as error:
        report_schema_errors(document, Program, error)
        return None


def _refuse_filled_in(document: Document) -> None:
    """Template texts and holiday dates come from reading; nobody writes them."""
    root = document.root
    written = [email.get("mjml") for _, email in root.get("emails").items()]
    closed = [*root.get("calendars").values(), root.get("sending", "send_window")]
    closed += [email.get("send_window") for email in root.get("emails").values()]
    written += [one.get("holidays", "dates") for one in closed]
    remedies = {"mjml": "name a file under 'template'", "dates": "list days under 'also'"}
    for node in written:
        if node.path in document.keys:
            key = str(node.path[-1])
            node.report(f"'{key}' is filled in when the program is read; {remedies[key]}", key=True)
            del root.get(*node.path[:-1]).value[key]
