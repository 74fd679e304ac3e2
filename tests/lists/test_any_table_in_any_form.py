"""Any table, written in any form that people have, is read back the same."""

from __future__ import annotations

import csv
import io
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.files.spreadsheet import safe_cell
from tests.lists.reading import Read, read

TEXTS = st.text("aZ9 .,;|\t'\"=@+-éüñßÅ€ı山Иλ", max_size=12).map(lambda text: f"x{text}y")
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4)


@given(
    rows=ROWS,
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    title=st.sampled_from([[], ["sep"], ["Leads of May", "", "All, of them"]]),
    more=st.integers(0, 2),
    footer=st.booleans(),
    quoted=st.booleans(),
    order=st.permutations(["email", "Vorname", "Company Name", "Notes"]),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_table_in_any_form_is_read_back_the_same(
    tmp_path: Path,
    *,
    rows: list[tuple[str, str]],
    codec: str,
    delimiter: str,
    end: str,
    title: list[str],
    more: int,
    footer: bool,
    quoted: bool,
    order: list[str],
) -> None:
    text = io.StringIO()
    as_quoted = partial(csv.writer, quoting=csv.QUOTE_ALL) if quoted else csv.writer
    writer = as_quoted(text, delimiter=delimiter, lineterminator=end)
    for line in title:
        text.write((f"sep={delimiter}" if line == "sep" else line) + end)
    writer.writerow([*order, *[""] * more])
    expected = []
    for number, (name, company) in enumerate(rows):
        address = f"p{number}@any.example"
        cells = {"email": address, "Vorname": name, "Company Name": company, "Notes": "+1"}
        writer.writerow([*(safe_cell(cells[one]) for one in order), *[""] * more])
        writer.writerow([""] * (len(order) + more))
        read_as = {"email": address, "first_name": name, "company": company}
        expected.append({field: value.replace("\t", " ") for field, value in read_as.items()})
    if footer:
        text.write(f"{end}Leads of May{end}By:  Ria{end}")
    found = read(tmp_path / "a.csv", text.getvalue().encode(codec))
    assert isinstance(found, Read), found
    assert found.reasons == []
    assert found.profiles == expected
    assert found.left_out == ["Notes"]
    assert len(found.footer) == (2 if footer else 0)
