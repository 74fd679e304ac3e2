"""Which leads are of one company, and who of a team works it already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.handoff.company_owner import CompanyLead, company_owner
from models.company import company_keys, domain_key, name_key

NOW = datetime(2026, 3, 5, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Northwind, Inc.", "northwind"),
        ("  NORTHWIND  ", "northwind"),
        ("Northwind Traders G.m.b.H.", "northwind traders"),
        ("Müller & Söhne KG", "müller söhne"),
        ("Co", "co"),
        ("n/a", None),
        ("-", None),
        ("Self-employed", None),
        ("", None),
        (None, None),
        (7, None),
        ("\0", None),
    ],
)
def test_a_company_is_compared_without_its_legal_form(written: object, key: str | None) -> None:
    assert name_key(written) == key


@pytest.mark.parametrize(
    ("email", "key"),
    [
        ("Ana@Northwind.EXAMPLE", "northwind.example"),
        ("ana@bücher.example", "xn--bcher-kva.example"),
        ("ana@gmail.com", None),
        ("ana@web.de", None),
        ("ana@tuta.com", None),
        ("ana", None),
        (None, None),
    ],
)
def test_the_domain_of_a_free_mail_provider_is_no_company(email: object, key: str | None) -> None:
    assert domain_key(email) == key


def test_a_lead_has_a_key_for_its_name_and_one_for_its_domain() -> None:
    both = {"company": "Northwind Ltd", "email": "ana@northwind.example"}
    assert company_keys(both) == ("name:northwind", "domain:northwind.example")
    assert company_keys({"email": "ana@gmail.com"}) == ()


def another(
    lead: str, owner: str | None, *, ago: int = 0, stage: str = "sal", assigned: bool = True
) -> CompanyLead:
    at = NOW - timedelta(minutes=ago) if assigned else None
    return CompanyLead(lead=lead, stage=stage, owner=owner, assigned=at)


def test_the_owner_of_the_lead_that_was_assigned_last_is_tried_first() -> None:
    found = [another("a", "ina", ago=9), another("b", "omar", ago=5), another("c", "eve", ago=1)]
    assert company_owner(found, {"ina", "omar"}) == "omar"
    assert company_owner([*found, another("d", "ina", ago=5)], {"ina", "omar"}) == "omar"
    assert company_owner(found, {"pia"}) is None


@pytest.mark.parametrize("stage", ["known", "engaged", "recycled", "lost", "disqualified"])
def test_who_owned_a_lead_that_is_with_nobody_of_sales_is_not_tried(stage: str) -> None:
    assert company_owner([another("a", "ina", stage=stage)], {"ina"}) is None
    assert company_owner([another("a", None), another("b", "ina", assigned=False)], {"ina"}) is None
