"""The columns of exports: by presets, by synonyms, by what somebody says."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.files.columns import presets
from tests.lists.exports import FURTHER_EXPORTS
from tests.lists.reading import Read, read

EXPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "HubSpot": (
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lifecycle Stage,"
        "Associated Company,Job Title,Number of Employees,Time Zone\n"
        "51,Ines,Moreau,ines@tool.example,+33 6 12,ria@acme.example,Customer,Moreau SA,Head,250,"
        "europe_slash_paris\n",
        {
            "company": "Moreau SA",
            "employees": 250,
            "stage": "customer",
            "owner": "ria@acme.example",
            "timezone": "Europe/Paris",
        },
    ),
    "Salesforce": (
        "Lead Owner,First Name,Last Name,Title,Company / Account,Email,Lead Source,Lead Status,"
        "No. of Employees,Rating\nRia,Kim,Sato,VP,Sato KK,kim@tool.example,Web,Unqualified,1200,Hot\n",
        {"company": "Sato KK", "source": "Web", "owner": "ria@acme.example", "employees": 1200},
    ),
    "Mailchimp": (
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,TIMEZONE,CC,LEID\n"
        "eva@tool.example,Eva,Roth,3,2025-01-01,2025-01-01,Europe/Berlin,de,1\n",
        {"country": "DE", "timezone": "Europe/Berlin", "last_name": "Roth"},
    ),
    "LinkedIn lead gen forms": (
        "Lead ID,Campaign Name,Form Name,Lead type,First Name,Last Name,Email address,Company Name,"
        "Job Title,Company Size,Country/Region\n"
        "1,Spring,Demo,Sponsored,Ed,Poe,ed@tool.example,Poe Ltd,CTO,51-200,Germany\n",
        {"company": "Poe Ltd", "title": "CTO", "country": "DE"},
    ),
    "LinkedIn connections": (
        'Notes:\n"When exporting your connection data, some are missing"\n\n'
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
        "Al,Ito,https://www.linkedin.com/in/al,al@tool.example,Ito,CEO,01 Mar 2026\n",
        {"company": "Ito", "title": "CEO"},
    ),
    "Apollo": (
        "First Name,Last Name,Title,Company,Email,Email Status,Seniority,Stage,# Employees,"
        "Work Direct Phone,Mobile Phone,Person Linkedin Url,Contact Owner\n"
        "Jo,Ray,CMO,Ray Inc,jo@tool.example,Verified,C suite,Replied,42,'+1 555,+1 777,u,Nobody\n",
        {"employees": 42, "stage": "engaged", "phone": "+1 555"},
    ),
    "Eventbrite": (
        "Order #,Order Date,First Name,Last Name,Email,Quantity,Ticket Type,Attendee #,Job Title\n"
        "1,2026-03-01,Mo,Lin,mo@tool.example,1,General,2,Buyer\n",
        {"first_name": "Mo", "title": "Buyer"},
    ),
    "Pipedrive": (
        "Person - Name,Person - First name,Person - Email - Work,Person - Phone - Work,"
        "Person - Organization,Person - Owner,Person - Label\n"
        "Lu Fox,Lu,lu@tool.example,+49 30,Fox GmbH,Ria,Customer\n",
        {"company": "Fox GmbH", "stage": "customer", "owner": "ria@acme.example"},
    ),
    "Marketo": (
        "Id,Email Address,First Name,Company Name,Person Source,Person Status,Person Score,"
        "Num Employees,Unsubscribed\n7,vi@tool.example,Vi,Vi AG,Webinar,New,10,75,0\n",
        {"company": "Vi AG", "source": "Webinar", "employees": 75},
    ),
    "Meta lead ads": (
        "id\tcreated_time\tad_id\tform_name\tplatform\temail\tfirst_name\tphone_number\n"
        "l:12\t2026-03-02T10:11:12+0000\tag:1\tDemo\tfb\tuta@tool.example\tUta\tp:+49151\n",
        {"phone": "+49151"},
    ),
    **FURTHER_EXPORTS,
}


@pytest.mark.parametrize("tool", EXPORTS)
def test_an_export_is_read_as_it_is(tool: str, tmp_path: Path) -> None:
    content, expected = EXPORTS[tool]
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert tool in FURTHER_EXPORTS or found.reasons == []
    [profile] = found.profiles
    assert {name: profile.get(name) for name in expected} == expected


def test_each_preset_has_a_source_and_a_date_and_an_example_here() -> None:
    assert {one.name for one in presets()} == set(EXPORTS)
    for one in presets():
        assert one.source.startswith("https://")
        assert date.fromisoformat(one.checked) <= date(2027, 1, 1)


def test_words_without_translation_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = "".join(
        f"p{n}@word.example,{stage},{owner},x\n"
        for n, (stage, owner) in enumerate(
            [("Lead", "Ria"), ("Opportunity", "Sam"), ("Opportunity", "")]
        )
    )
    found = read(tmp_path / "a.csv", f"Email,Lifecycle Stage,Contact owner,Record ID\n{rows}")
    assert isinstance(found, Read), found
    assert [one.get("owner") for one in found.profiles] == ["ria@acme.example", None, None]
    assert not any("stage" in one for one in found.profiles)
    assert found.untranslated == {
        "Lifecycle Stage": {"Opportunity": 2},
        "Contact owner": {"Sam": 1},
    }
    assert found.left_out == ["Record ID"]


def test_what_stands_under_our_own_name_is_meant_as_it_is_written(tmp_path: Path) -> None:
    content = (
        "email,stage,owner\na@own.example,sql,\nb@own.example,,Sam\nc@own.example,customer,Ria\n"
    )
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert found.profiles == [
        {"email": "c@own.example", "stage": "customer", "owner": "ria@acme.example"}
    ]
    assert "stage 'sql' is none that a lead can be created in" in found.reasons[0]
    assert "owner 'Sam' is not an address" in found.reasons[1]


def test_who_opted_out_elsewhere_gets_no_mail_here(tmp_path: Path) -> None:
    content = (
        "Email,Email Opt Out,Hard bounce\na@out.example,1,\nb@out.example,0,\nc@out.example,,2026\n"
    )
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert [one["email"] for one in found.profiles] == ["b@out.example"]
    assert ["opted out" in found.reasons[0], "takes no mail" in found.reasons[1]] == [True, True]


@pytest.mark.parametrize("tool", FURTHER_EXPORTS)
def test_whom_another_tool_sends_no_mail_is_not_created(tool: str, tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", FURTHER_EXPORTS[tool][0])
    assert isinstance(found, Read), found
    assert len(found.profiles) == 1
    assert all("suppressions import" in one for one in found.reasons)


HEADERS_AS_EXPORTED = {
    "HubSpot": "Record ID - Contact,First Name,Last Name,Email,Phone Number,Contact owner,"
    "Last Activity Date (GMT),Lead Status,Marketing contact status,Create Date,"
    "Associated Company,Unsubscribed from all email,Email hard bounce reason",
    "Salesforce": "Salutation,First Name,Last Name,Title,Mailing Street,Mailing City,"
    "Mailing State/Province,Mailing Zip/Postal Code,Mailing Country,Phone,Mobile,Fax,Email,"
    "Account Owner,Account Name,Email Opt Out",
    "Mailchimp": "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,"
    "CONFIRM_TIME,CONFIRM_IP,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,"
    "UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,LEID,EUID,NOTES,TAGS",
    "Apollo": "First Name,Last Name,Title,Company Name,Company Name for Emails,Email,Email Status,"
    "Primary Email Source,Email Confidence,Seniority,Departments,Contact Owner,Work Direct Phone,"
    "Home Phone,Mobile Phone,Corporate Phone,Other Phone,Stage,Lists,Last Contacted,Account Owner,"
    "# Employees,Industry,Keywords,Person Linkedin Url,Website,City,State,Country,Company Address,"
    "Company Country,Company Phone,Email Sent,Email Open,Email Bounced,Replied,Demoed,"
    "Apollo Contact Id,Apollo Account Id",
    "Eventbrite": "Order #,Order Date,First Name,Last Name,Email,Quantity,Price Tier,Ticket Type,"
    "Attendee #,Group,Order Type,Currency,Total Paid,Fees Paid,Eventbrite Fees,"
    "Eventbrite Payment Processing,Attendee Status,Home Address 1,Home City,Home State,Home Zip,"
    "Home Country,Job Title,Company,Cell Phone",
    "Pipedrive": "Person - Name,Person - First name,Person - Last name,Person - Organization,"
    "Person - Email - Work,Person - Email - Home,Person - Email - Other,Person - Phone - Work,"
    "Person - Phone - Home,Person - Phone - Mobile,Person - Phone - Other,Person - Labels,"
    "Person - Owner,Person - Title,Person - Marketing status",
    "Marketo": "Id,First Name,Last Name,Email Address,Company Name,Unsubscribed,"
    "Unsubscribed Reason,Email Invalid,Marketing Suspended,Black Listed,Updated At",
    "LinkedIn connections": "First Name,Last Name,URL,Email Address,Company,Position,Connected On",
}
"""Whole headers, as public exports of these tools have them."""
WISHES = {
    "Unsubscribed from all email": "true",
    "Email hard bounce reason": "UNKNOWN_USER",
    "Email Opt Out": "1",
    "UNSUB_TIME": "2026-03-01 10:00:00",
    "Email Bounced": "true",
    "Stage": "Do Not Contact",
    "Person - Marketing status": "Unsubscribed",
    "Unsubscribed": "TRUE",
    "Email Invalid": "TRUE",
    "Marketing Suspended": "TRUE",
    "Black Listed": "TRUE",
}
"""What stands in a column if its person gets no mail there."""


@pytest.mark.parametrize("tool", HEADERS_AS_EXPORTED)
def test_a_whole_header_is_known_and_whoever_gets_no_mail_there_is_not_created(
    tool: str, tmp_path: Path
) -> None:
    names = HEADERS_AS_EXPORTED[tool].split(",")
    address = next(
        one for one in ("Email", "Email Address", "Person - Email - Work") if one in names
    )
    wishes = [one for one in WISHES if one in names]
    rows = [
        {address: f"p{n}@whole.example", **({one: WISHES[one]} if one else {})}
        for n, one in enumerate([None, *wishes])
    ]
    lines = [",".join(row.get(name, "") for name in names) for row in rows]
    found = read(tmp_path / "a.csv", "\n".join([",".join(names), *lines, ""]))
    assert isinstance(found, Read), found
    assert [one["email"] for one in found.profiles] == ["p0@whole.example"]
    assert len(found.reasons) == len(wishes)
    assert all("suppressions import" in one for one in found.reasons)
    assert tool in {"Eventbrite", "LinkedIn connections"} or wishes


def test_the_next_column_of_addresses_is_taken_where_the_better_one_is_empty(
    tmp_path: Path,
) -> None:
    content = (
        "Person - Name,Person - Email - Work,Person - Email - Home,Person - Phone - Work,"
        "Person - Phone - Mobile\nA,a@work.example,a@home.example,1,2\nB,,b@home.example,,4\n"
    )
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert [(one["email"], one["phone"]) for one in found.profiles] == [
        ("a@work.example", "1"),
        ("b@home.example", "4"),
    ]


def test_placeholders_are_no_values_and_are_counted(tmp_path: Path) -> None:
    content = "email,first_name,last_name,company\na@no.example,NULL,Null,\u200bAcme\n"
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert found.profiles == [{"email": "a@no.example", "last_name": "Null", "company": "Acme"}]
    assert found.untranslated == {"first_name": {"NULL": 1}}


def test_countries_are_known_by_name_and_never_guessed(tmp_path: Path) -> None:
    words = ["Germany", "Allemagne", "United Kingdom", "uk", "ドイツ", "USA", "EU", "EN", "Prussia"]
    content = "email,Country/Region\n" + "".join(
        f"p{n}@land.example,{word}\n" for n, word in enumerate(words)
    )
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert [one["country"] for one in found.profiles] == ["DE", "DE", "GB", "GB", "DE"]
    assert len(found.reasons) == 4


def test_what_somebody_says_of_a_column_comes_first(tmp_path: Path) -> None:
    content = "E-Mail,Mail 2,Notes\na@map.example,b@map.example,note\n"
    found = read(
        tmp_path / "a.csv", content, mapping={"Mail 2": "email", "E-Mail": "", "notes": "title"}
    )
    assert isinstance(found, Read), found
    assert found.profiles == [{"email": "b@map.example", "title": "note"}]
    assert found.left_out == ["E-Mail"]
