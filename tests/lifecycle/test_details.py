from __future__ import annotations

from workflows.details import describe, name_of


def test_a_name_falls_back_to_the_leads_id_and_never_shows_an_address() -> None:
    assert name_of({"first_name": "Ana", "last_name": "Smith", "company": "Northwind"}, "x") == (
        "Ana Smith · Northwind"
    )
    assert name_of({"email": "ana@northwind.example"}, "1f2e3d") == "1f2e3d"


def test_markdown_from_outside_is_shown_as_text() -> None:
    name = name_of({"first_name": "[Ana](http://x.example)", "company": "*A*\n# B"}, "x")
    assert name == "Ana(http://x.example) · A B"


def test_a_state_with_few_fields_is_described_too() -> None:
    text = describe({"lead": "x"}, None)
    assert "**stage** known" in text
    assert "**next** nothing" in text
