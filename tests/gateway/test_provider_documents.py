"""Any document from a provider is read or left alone; none raises."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.providers import mailgun, postmark, sendgrid, ses, standard
from gateway.providers.normalised import accept
from usecases.context import Context

_NAMES = [
    *("event", "event-data", "RecordType", "eventType", "mail", "bounce", "Bounce"),
    *("bouncedRecipients", "type", "email", "message", "data", "timestamp", "id"),
]
_SAID = ["bounce", "failed", "Bounce", "email.opened", "ana@northwind.example"]
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
    max_examples=100,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(document=_JSON)
def test_every_document_of_a_provider_is_read_or_left_alone(
    context: Context, document: Any
) -> None:
    for reported in (
        sendgrid.reports(document),
        mailgun.reports(document),
        postmark.reports(document),
        ses.reports(document, "m1"),
        standard.reports(document, "w1"),
    ):
        accept(context, "any", reported)
