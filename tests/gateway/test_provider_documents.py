"""Any document from a provider is read or left alone; none fails."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.providers import mailgun, postmark, sendgrid, ses, standard
from gateway.providers.normalised import accept
from tests.gateway.provider_requests import ADDRESS
from usecases.context import Context

_NAMES = [
    *("event", "event-data", "RecordType", "eventType", "mail", "bounce", "Bounce"),
    *("bouncedRecipients", "type", "email", "message", "data", "timestamp", "id"),
]


_SAID = ["bounce", "failed", "Bounce", "email.opened", ADDRESS]
_JSON: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=20)
        | st.lists(_JSON, max_size=3)
        | st.dictionaries(st.sampled_from(_NAMES), _JSON | st.sampled_from(_SAID), max_size=4)
    )
)


@settings(
    max_examples=200,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(document=_JSON)
def test_whatever_a_provider_tells_is_taken_or_left_alone(context: Context, document: Any) -> None:
    for told in (
        sendgrid.told(document),
        mailgun.told(document),
        postmark.told(document),
        ses.told(document, "m1"),
        standard.told(document, "w1"),
    ):
        accept(context, "any", told)
