"""Tags at the desk: given to one lead or several, and found again by a filter."""

from __future__ import annotations

import re
from typing import Any

from adapters.sql.lead_tags import MOST_TAGS, SqlLeadTags
from models.envelopes import MergeWork
from models.instants import write_instant
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    JONAS,
    MORGAN,
    DeskBrowser,
    SimulatedLeads,
    page_text,
)
from tests.desk.test_pages import EVIL, is_escaped


async def sent(desk: DeskBrowser, back: str, **fields: Any) -> tuple[int, str]:
    """Send the form of tags from a list: the status and the page."""
    await desk.open(back if back != "lead" else "/desk")
    token = re.findall(r'name="token" value="([^"]+)"', desk.page)[0]
    data = {"token": token, "back": back, **fields}
    answer = await desk.http.post("/desk/tags", data=data)
    return answer.status_code, answer.text


async def test_several_leads_get_a_tag_and_the_list_is_narrowed_down_to_it(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    for lead in ("ana", "bo", "cy"):
        leads.lead(lead)
    morgan = sign_in(MORGAN)
    assert (await sent(morgan, "/desk/team", lead=["ana", "bo"], tag=" Q2  Fair "))[0] == 303
    await morgan.open("/desk/team?tag=q2+fair")
    assert morgan.page.count('<li class="card lead') == 2
    assert '<option value="q2 fair" selected>' in morgan.page
    assert "1 to 2 of 2 leads" in page_text(morgan.page)
    assert (await sent(morgan, "lead", lead="ana", untag="q2 fair"))[0] == 303
    await morgan.open("/desk/team?tag=q2+fair")
    assert morgan.page.count('<li class="card lead') == 1
    owner = sign_in(str(leads.state("bo").owner))
    await owner.open("/desk/leads/bo")
    assert "Remove the tag q2 fair" in owner.page


async def test_a_tag_that_is_refused_is_said_and_what_was_typed_and_selected_stays(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.lead("ana")
    morgan = sign_in(MORGAN)
    long = "x" * 31
    for tag, expected in (("", "A tag has 1 to 30 letters."), (long, "A tag has 1 to 30 letters.")):
        status, page = await sent(morgan, "/desk/team", lead="ana", tag=tag)
        assert (status, expected in page_text(page)) == (422, True)
        assert 'value="ana" aria-label="Select Ana" checked' in page
        assert f'list="tags" value="{tag}"' in page
    assert "Select a lead first." in (await sent(morgan, "/desk/team", tag="x"))[1]
    for number in range(MOST_TAGS):
        assert (await sent(morgan, "lead", lead="ana", tag=str(number)))[0] == 303
    status, page = await sent(morgan, "lead", lead="ana", tag="one more")
    assert (status, "at most 10 tags. These have that many: Ana" in page_text(page)) == (409, True)
    assert 'value="one more"' in page


async def test_nobody_tags_a_lead_that_they_do_not_see_and_html_in_a_tag_is_text(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.lead("ana")
    tags = SqlLeadTags(leads.context.database)
    jonas = sign_in(JONAS)
    status, page = await sent(jonas, "/desk", lead="ana", tag="mine")
    assert (status, "Ana" in page, tags.of(["ana"])) == (404, False, {})
    morgan = sign_in(MORGAN)
    await sent(morgan, "/desk/team", lead="ana", tag=EVIL[:30])
    for path in ("/desk/team", "/desk/leads/ana"):
        await morgan.open(path)
        assert is_escaped(morgan.page)
    for token in ("", "x"):
        assert (
            await morgan.send("/desk/tags", token=token, lead="ana", tag="x")
        ).status_code == 403
    back = await morgan.open("/desk/tags")
    assert (back.status_code, back.headers["location"]) == (303, "/desk")


async def test_the_lead_that_goes_on_after_a_merge_has_the_tags_of_both(
    leads: SimulatedLeads,
) -> None:
    for lead in ("ana", "bo"):
        leads.lead(lead)
    tags = SqlLeadTags(leads.context.database)
    tags.add(["ana", "bo"], "both")
    tags.add(["bo"], "of bo")
    await leads.merge(MergeWork(keep="ana", other="bo", at=write_instant(leads.clock())))
    assert tags.of(["ana", "bo"]) == {"ana": ("both", "of bo")}
