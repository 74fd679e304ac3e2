from __future__ import annotations

from adapters.logs import mask_addresses, masked


def test_addresses_are_masked_however_deep_they_stand() -> None:
    event = {
        "event": "mail refused",
        "why": "550 <ana.smith@northwind.example>: no such user",
        "profile": {"email": "ana.smith@northwind.example", "tags": ["bo@x.example"]},
        "error": ValueError("bad: ana.smith@northwind.example"),
    }
    told = str(mask_addresses(None, "info", event))
    assert "ana.smith@" not in told
    assert "bo@" not in told
    assert "an…@northwind.example" in told


def test_what_is_not_an_address_stays() -> None:
    assert masked({"n": 3, "at": "12:30", "handle": "@riley"}) == {
        "n": 3,
        "at": "12:30",
        "handle": "@riley",
    }
