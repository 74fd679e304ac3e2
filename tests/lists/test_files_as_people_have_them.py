"""A harmless oddity refuses no file; what is wrong with a row costs that row alone."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from adapters.files.leads import meanings_of
from adapters.files.rows import open_rows
from tests.lists.reading import PROGRAM, Read, read
from usecases.reading_lists import ListOptions, read_leads

TWO = ["ana@form.example", "bo@form.example"]
FORMS: dict[str, bytes] = {
    "plain": b"email,first_name\nana@form.example,Ana\nbo@form.example,Bo\n",
    "carriage returns": b"email,first_name\rana@form.example,Ana\rbo@form.example,Bo\r",
    "one mark": b"\xef\xbb\xbfemail,first_name\r\nana@form.example,Ana\r\nbo@form.example,Bo",
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbfemail,first_name\nana@form.example,A\nbo@form.example,B",
    "a mark read wrong": "ï»¿email,first_name\nana@form.example,A\nbo@form.example,B".encode(),
    "little end": "email\tfirst_name\nana@form.example\tA\nbo@form.example\tB\n".encode(
        "utf-16-le"
    ),
    "big end": "email\tfirst_name\nana@form.example\tA\nbo@form.example\tB\n".encode("utf-16-be"),
    "four bytes": "email\tfirst_name\nana@form.example\tA\nbo@form.example\tB\n".encode("utf-32"),
    "all line ends": b"email,first_name\r\nana@form.example,Ana\rbo@form.example,Bo\n",
    "marked": "email\tfirst_name\nana@form.example\tA\nbo@form.example\tB\n".encode("utf-16"),
    "sep": b"sep=;\r\nemail;first_name\r\nana@form.example;Ana\r\nbo@form.example;Bo\r\n",
    "pipes": b"email|first_name\nana@form.example|Ana\nbo@form.example|Bo\n",
    "title": b'Leads\n"from, to: 2026"\n\nemail,first_name\nana@form.example,A\nbo@form.example,B\n',
    "phantoms": b"email,first_name,,\nana@form.example,Ana,,\n,,,\nbo@form.example,Bo,,\n,,,\n,,,\n",
    "short and long": b"email,first_name,title\nana@form.example,Ana,,,,\nbo@form.example\n",
    "footer": b"email,first_name\nana@form.example,A\nbo@form.example,B\n\nLeads of May\nBy:  Ria\n",
    "total": b"email,first_name\nana@form.example,A\nbo@form.example,B\nGrand Totals (2 records)\n",
    "no header names it": b"E-Mail Address;Vorname\nana@form.example;Ana\nbo@form.example;Bo\n",
    "one column": b"email\nana@form.example\nbo@form.example\n",
    "very long cell": b"email,notes\nana@form.example,%b\nbo@form.example,x\n"
    % (b"long " * 60_000),
    "many columns": b"email,"
    + ",".join(f"custom {n}" for n in range(250)).encode()
    + b"\nana@form.example\nbo@form.example\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_read_in_every_form(form: str, tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", FORMS[form])
    assert isinstance(found, Read), found
    assert ([one["email"] for one in found.profiles], found.reasons) == (TWO, [])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("ana@row.example,Ana,1,x", "beyond it"),
        ('ana@row.example,"A"na,1', "is written twice"),
        ("ana@row.example,Ana,1.200", "can mean 1200 or 1.2"),
        ('ana@row.example,Ana,"1,200"', "can mean 1200 or 1.2"),
        ("ana@row.example,Ana,-5", "is not a whole number of 0 or more"),
        ("ana@row.example,Ana,1.2E+11", "any number from 115000000000 to 124999999999"),
        ("ana@row.example,A\x0b,1", "is not text that can be written"),
        ("ana@row.example,A\0,1", "is not text that can be written"),
        ("nobody,Ana,1", "is not an address"),
        ("ana@row.example,Zo\ufffd,1", "has a letter that is not UTF-8"),
        ("BO@row.example,Bo,1", "the same address as in line 2"),
    ],
)
def test_a_row_that_cannot_be_used_costs_no_other(row: str, reason: str, tmp_path: Path) -> None:
    content = f"email,first_name,employees\nbo@row.example,Bo,5\n{row}\ncy@row.example,Cy,7\n"
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert [one["email"] for one in found.profiles] == ["bo@row.example", "cy@row.example"]
    assert [reason in one for one in found.reasons] == [True], found.reasons


def test_any_line_of_json_costs_no_other_line(tmp_path: Path) -> None:
    odd = [
        '{"email": "b@json.example", "company": %s}' % ("[" * depth + "]" * depth)
        for depth in (40, 300, 950, 3_000)
    ]
    odd += [
        f'{{"email": "b@json.example", "employees": {number}}}'
        for number in ("1e400", "-1e400", "9" * 5_000, "NaN", "{}")
    ]
    odd += ["[1]", "null", "{bad", '{"email": "b@json.example", "last_name": "\\ud800"}']
    good = [f'{{"email": "p{n}@json.example"}}' for n in range(len(odd) + 1)]
    lines = [good[0]]
    for one, after in zip(odd, good[1:], strict=True):
        lines += [one, after]
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(lines))
    with read_leads(file, PROGRAM, None, ListOptions()) as leads:
        assert len([one.profile["email"] for one in leads]) == len(good)
        assert leads.rejects is not None
        rejected = [json.loads(line) for line in leads.rejects.read_text().splitlines()]
    assert len(rejected) == len(odd)
    assert all(one["reason"] for one in rejected)


def test_a_byte_that_is_not_utf_8_costs_its_row(tmp_path: Path) -> None:
    rows = ["zoë@byte.example,Zoë", "jörg@byte.example,Jörg", "æsa@byte.example,Æsa"]
    content = "\n".join(["email,first_name", *rows]).encode() + b"\nx@byte.example,Zo\xeb\n"
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert (len(found.profiles), found.encoding) == (3, "UTF-8")
    assert "has a letter that is not UTF-8" in found.reasons[0]


def test_two_columns_of_one_name_must_not_contradict_each_other(tmp_path: Path) -> None:
    content = (
        "email,title,title\na@two.example,CEO,\nb@two.example,CEO,CEO\nc@two.example,CEO,CTO\n"
    )
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert [one["title"] for one in found.profiles] == ["CEO", "CEO"]
    assert found.reasons == ["title is 'CEO' in column 2 and 'CTO' in column 3; leave one of them"]


def test_the_last_rows_are_a_footer_only_if_they_are_no_rows(tmp_path: Path) -> None:
    content = "email,first_name\nana@foot.example,Ana\n\nnobody,Bo\n"
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert (len(found.reasons), found.footer) == (1, [])
    found = read(tmp_path / "a.csv", content.replace("nobody,Bo", "Total\nBy: Ria"))
    assert isinstance(found, Read), found
    assert (found.reasons, found.footer) == ([], [4, 5])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('email,title\na@b.example,"x\nb@b.example,y\n', "a.csv:2: the row that begins here"),
        ("name,age\nAna,5\n", "there is no column 'email' among 'name', 'age'"),
        ("name,Kontakt\nAna,a@b.example\n", '--map "Kontakt=email" takes one that holds'),
        ("", "is empty"),
        ("email" + "x" * 10_000_001, "longer than 10,000,000"),
        ("email:name\na@b.example:Ana\n", '--map "COLUMN=email" names it'),
        ("\0" * 100, "is not text"),
    ],
)
def test_a_file_that_cannot_be_used_names_the_place_and_the_remedy(
    content: str, said: str, tmp_path: Path
) -> None:
    refused = read(tmp_path / "a.csv", content)
    assert isinstance(refused, str), refused
    assert said in refused


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00\xe5\x94]", "an Excel workbook or an archive; save it as"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook; save it as 'CSV UTF-8'"),
        (b"\x1f\x8b\x08\x00", "compressed; unpack it first"),
        (b"%PDF-1.7", "a PDF; export the list as CSV"),
        (b"\xef\xbb\xbf <html><table>", "a web page or XML"),
        (b"BEGIN:VCARD\nEMAIL:a@b.example", "a vCard; export the contacts as CSV"),
    ],
)
def test_what_is_no_table_is_named_as_what_it_is(start: bytes, said: str, tmp_path: Path) -> None:
    refused = read(tmp_path / "a.csv", start + b"\x01\xe9\x94" * 100)
    assert isinstance(refused, str), refused
    assert said in refused


def test_a_cell_of_a_megabyte_costs_its_row_at_most(tmp_path: Path) -> None:
    long = "x" * 1_050_000
    content = (
        f'email,first_name,log\na@long.example,Ana,{long}\nb@long.example,Bo,"{long}\n{long}"\n'
        f"c@long.example,{long},\nd@long.example,Di,\n"
    )
    found = read(tmp_path / "a.csv", content)
    assert isinstance(found, Read), found
    assert [one["first_name"] for one in found.profiles] == ["Ana", "Bo", "Di"]
    assert found.reasons == ["first_name is longer than 1000 characters"]


def test_rows_are_streamed(tmp_path: Path) -> None:
    """The reader holds a row and a piece of the file, however many rows there are."""
    file = tmp_path / "many.csv"
    with file.open("w", encoding="cp1252") as text:
        text.write("email,notes\n")
        text.writelines(f"p{n}@many.example,Jürgen {'x' * 4_000}\n" for n in range(2_000))
    read(tmp_path / "first.csv", "email\nzo\xeb@x.example".encode("latin-1"))  # loads the library
    tracemalloc.start()
    with open_rows(file, meanings_of(None)) as rows:
        count = sum(1 for _ in rows)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2_000
    assert most < file.stat().st_size / 2
