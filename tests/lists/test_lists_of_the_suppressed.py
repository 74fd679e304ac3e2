"""Lists of addresses that get no mail, as the tools that keep them write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.files.rows import UnusableFileError
from adapters.files.suppressed import suppress_list

LISTS: dict[str, tuple[str, list[str]]] = {
    "HubSpot": (
        "Email,Portal Bounce,Portal Unsubscribe,Portal Spam Report,Global Bounce,"
        "Marketing Information\na@t.example,TRUE,FALSE,FALSE,FALSE,FALSE\n"
        "b@t.example,FALSE,TRUE,FALSE,FALSE,TRUE\nc@t.example,FALSE,FALSE,TRUE,FALSE,FALSE\n"
        "d@t.example,FALSE,FALSE,FALSE,TRUE,FALSE\ne@t.example,FALSE,FALSE,FALSE,FALSE,TRUE\n",
        ["bounced", "unsubscribed", "complained", "bounced"],
    ),
    "Mailchimp unsubscribed": (
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
        "CONFIRM_IP,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,"
        "UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,LEID,EUID,NOTES,TAGS\n"
        'a@t.example,,,2,,,,,,,,,,2026-03-01 10:00:00,,,"N/A (Unsubscribed by an admin)",,1,x,,\n',
        ["unsubscribed"],
    ),
    "Mailchimp cleaned": (
        "Email Address,MEMBER_RATING,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,LEID,EUID\n"
        "a@t.example,2,2026-03-01 10:00:00,Spring,1,2,x\n",
        ["bounced"],
    ),
    "Marketo": (
        "Id,First Name,Email Address,Unsubscribed,Unsubscribed Reason,Email Invalid,Black Listed\n"
        "1,Ana,a@t.example,TRUE,asked,FALSE,FALSE\n2,Bo,b@t.example,FALSE,,TRUE,FALSE\n",
        ["unsubscribed", "bounced"],
    ),
    "Pipedrive": (
        "Person - Name,Person - Email - Work,Person - Marketing status\nA,a@t.example,Unsubscribed\n"
        "B,b@t.example,Bounced\nC,c@t.example,Subscribed\n",
        ["unsubscribed", "bounced"],
    ),
    "SendGrid bounces": (
        "status,reason,email,created\n5.1.1,550 5.1.1 no such user,a@t.example,17\n"
        "4.2.2,452 4.2.2 over quota,b@t.example,17\n",
        ["bounced", "bounced"],
    ),
    "SendGrid invalid": (
        "reason,email,created\nMail domain in email address is unknown,a@t.example,17\n",
        ["bounced"],
    ),
    "Postmark": (
        "EmailAddress,SuppressionReason,Origin,CreatedAt\na@t.example,HardBounce,Recipient,2026\n"
        "b@t.example,SpamComplaint,Recipient,2026\nc@t.example,ManualSuppression,Customer,2026\n",
        ["bounced", "complained", "unsubscribed"],
    ),
    "Mailgun": ("address,code,error,created_at\na@t.example,550,550 5.1.1 no,Mon\n", ["bounced"]),
    "Amazon SES": (
        "EmailAddress,Reason,LastUpdateTime\na@t.example,BOUNCE,2026\nb@t.example,COMPLAINT,2026\n",
        ["bounced", "complained"],
    ),
    "Klaviyo": (
        "Email,Reason\na@t.example,USER_SUPPRESSED\nb@t.example,HARD_BOUNCE\n"
        "c@t.example,UNSUBSCRIBE\nd@t.example,SPAM_COMPLAINT\ne@t.example,INVALID_EMAIL\n",
        ["unsubscribed", "bounced", "unsubscribed", "complained", "bounced"],
    ),
    "ActiveCampaign": (
        "ID,Email,Status,Tags\n1,a@t.example,Unsubscribed,\n2,b@t.example,Bounced,\n"
        "3,c@t.example,Active,\n",
        ["unsubscribed", "bounced"],
    ),
    "Constant Contact": (
        "Email address,Email status,Email permission status,Confirmed opt-out date\n"
        "a@t.example,Unsubscribed,Unsubscribed,2026-03-02\n",
        ["unsubscribed"],
    ),
    "MailerLite": (
        "Subscriber,Status,Subscribed,Opened\na@t.example,junk,,\nb@t.example,bounced,,\n",
        ["complained", "bounced"],
    ),
    "Brevo": (
        "EMAIL;EMAIL_BLOCKLISTED;SMS_BLOCKLISTED\na@t.example;1;0\nb@t.example;0;1\n",
        ["unsubscribed"],
    ),
}


@pytest.mark.parametrize("tool", LISTS)
def test_a_tools_list_goes_in_as_it_is(tool: str, tmp_path: Path) -> None:
    content, expected = LISTS[tool]
    file = tmp_path / "list.csv"
    file.write_text(content)
    taken: list[str] = []
    suppress_list(file, lambda _, reason: taken.append(reason))
    assert taken == expected


def test_a_list_without_a_header_says_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("a@t.example\nb@t.example\n")
    with pytest.raises(UnusableFileError, match="write a line above it that names the columns"):
        suppress_list(file, lambda *_: None)
