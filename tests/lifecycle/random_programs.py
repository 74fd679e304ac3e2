"""Random valid programs, most of them unlike any real one."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from models.program.program import Program

_ASKS = (
    "true",
    "stage == 'known'",
    "stage == 'engaged'",
    "stage in ['known', 'engaged', 'recycled', 'customer']",
    "motion == 'sales'",
    "motion == 'self_serve'",
    "did('email.clicked')",
    "did('page.viewed', '/pricing')",
    "score.engagement >= 20.0",
    "score.total < 10.0",
    "lead.employees >= 100",
    "lead.competitor",
    "cycle > 1",
    "lead.title == 'CEO' || !did('email.opened')",
)
_asks = st.sampled_from(_ASKS)
_lengths = st.sampled_from(("1m", "30m", "2h", "25h", "1d", "3d", "1w"))
_EMAILS = ("a", "b", "c", "bill")
_TRACKS = ("t1", "t2", "t3", "t4")


def _steps(depth: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    email = st.sampled_from(_EMAILS)
    kinds: list[st.SearchStrategy[dict[str, Any]]] = [
        st.fixed_dictionaries({"email": email}),
        st.fixed_dictionaries({"email": email}),
        st.fixed_dictionaries(
            {
                "variants": st.fixed_dictionaries({"x": email, "y": email}),
                "weights": st.just({"x": 2}),
            }
        ),
        st.fixed_dictionaries({"wait": _lengths}),
        st.just({"task": {"kind": "call", "note": "ring"}}),
        st.just({"notify": {"channel": "app", "message": "well"}}),
        st.fixed_dictionaries({"move_to": st.sampled_from(_TRACKS)}),
        st.just({"finish": True}),
    ]
    if depth:
        inner = _steps(depth - 1)
        side = st.sampled_from(({}, {"before": "3d"}, {"after": "1w", "at": "02:30"}))
        kinds.append(
            st.builds(
                lambda side, one, two: {"wait_for": "since", **side, "then": one, "else": two},
                side,
                inner,
                inner,
            )
        )
        kinds.append(
            st.fixed_dictionaries(
                {"wait_until": _asks, "up_to": _lengths, "then": inner, "else": inner}
            )
        )
        kinds.append(st.fixed_dictionaries({"if": _asks, "then": inner, "else": inner}))
    return st.lists(st.one_of(kinds), min_size=1, max_size=4)


_begins = st.sampled_from(("event.type == 'page.viewed'", "event.subject == 'demo'"))
_tracks = st.fixed_dictionaries(
    {
        name: st.fixed_dictionaries(
            {"for": _asks, "steps": _steps(2)},
            optional={"exit": _asks, "again": st.booleans(), "start_on": _begins},
        )
        for name in _TRACKS
    }
)
_windows = st.sampled_from(
    (
        None,
        {"days": "mon-fri", "hours": "08:00-18:00"},
        {"days": "mon-fri", "hours": "08:00-18:00", "holidays": {"also": ["2026-03-03"]}},
        {"days": "sat", "hours": "22:00-06:00"},
        {"days": "mon-sun", "hours": "04:00-04:30"},
    )
)
_caps = st.sampled_from(
    ([], ["1 per 1d"], ["1 per 1d", "3 per 7d"], ["2 per 36h"], ["1 per 1w", "2 per 30d"])
)
_points = st.sampled_from((-20, 1, 10, 15.5, 40))
_at_most = st.sampled_from((0, 5, 20, "20 per 7d", "1 per 2h"))
_rules = st.lists(
    st.fixed_dictionaries(
        {
            "on": st.sampled_from(("page.viewed", "email.clicked", "email.opened", "odd.one")),
            "points": _points,
        },
        optional={"when": _asks, "at_most": _at_most},
    ),
    max_size=5,
)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A random valid program."""
    maybe = st.none() | _asks
    clock = {"within": draw(st.sampled_from(("30m", "4h", "2d"))), "calendar": "office"}
    lifecycle = {name: draw(maybe) for name in ("engaged", "mql", "mql_self_serve", "hand_raise")}
    return Program.model_validate(
        {
            "program": "nasty",
            "timezone": draw(st.sampled_from(("UTC", "America/New_York", "Pacific/Apia"))),
            "fields": {"competitor": "flag", "budget": "number", "since": "date"},
            "doors": [
                {"when": draw(_asks), "motion": "self_serve"},
                {"when": draw(_asks), "motion": "sales"},
            ],
            "scoring": {
                "fit": [{"when": draw(_asks), "points": 15}],
                "engagement": {
                    "rules": draw(_rules),
                    "half_life": draw(st.sampled_from((None, "1h", "30d"))),
                },
            },
            "lifecycle": {
                **{name: asked for name, asked in lifecycle.items() if asked},
                "disqualify": [{"when": "lead.competitor", "reason": "no_fit"}],
                "idle": [
                    {"after": "5d", "in": ["known", "engaged"], "do": "recycle", "reason": "cold"},
                    {"after": "60d", "in": ["recycled"], "do": "disqualify", "reason": "no_fit"},
                ],
            },
            "sending": {
                "from": "N <n@nasty.example>",
                "postal_address": "1 Main Street",
                "send_window": draw(_windows),
                "caps": draw(_caps),
                "consent_required_in": ["DE"],
                "holdout": draw(st.sampled_from(("0%", "30%"))),
            },
            "emails": {
                name: {"subject": name, "text": name, "operational": name == "bill"}
                for name in _EMAILS
            },
            "tracks": draw(_tracks),
            "calendars": {"office": {"hours": {"mon-fri": ["09:00-12:30", "13:30-18:00"]}}},
            "handoff": {
                "routing": [{"when": draw(_asks), "team": "emea"}, {"otherwise": "sdr"}],
                "accept": {
                    **clock,
                    "remind_at": ["50%", "80%"],
                    "on_breach": ["alert", "reassign"],
                    "attempts": draw(st.integers(1, 3)),
                    "then": draw(st.sampled_from(("keep", "recycle", "disqualify"))),
                    "reason": "cold",
                },
                "first_touch": {"within": "2h", "on_breach": ["alert"]},
                "qualify": {"within": "3d", "calendar": "office", "then_to": "ae"},
            },
            "recycle": {
                "at_most": draw(st.sampled_from((None, 1))),
                "keep_engagement": draw(st.sampled_from(("0%", "50%", "100%"))),
                "reasons": {"cold": {"cool_off": draw(st.sampled_from(("0d", "2h", "7d")))}},
            },
            "disqualify": {
                "reasons": {"no_fit": {"revive": draw(st.booleans())}, "cold": {}},
            },
            "lost_reasons": {"price": {"cool_off": "10d"}},
        }
    )
