"""A narrow row of each lead for the search, with an index over parts of words."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import OperationalError

revision = "0031"
down_revision = "0025d"
branch_labels = None
depends_on = None

_LEADS = sa.table(
    "leads",
    *(sa.column(name, sa.String()) for name in ("id", "merged_into")),
    sa.column("profile", sa.JSON()),
)
_MOST = 1_000
"""Leads that are read and written at once."""

_FTS5 = (
    "CREATE VIRTUAL TABLE lead_search_index USING fts5("
    "words, content='lead_search', content_rowid='number', tokenize='trigram case_sensitive 1')"
)
_ADD = "INSERT INTO lead_search_index(rowid, words) VALUES (new.number, new.words);"
_TAKE_AWAY = (
    "INSERT INTO lead_search_index(lead_search_index, rowid, words)"
    " VALUES ('delete', old.number, old.words);"
)
_TRIGGERS = {
    "added": f"AFTER INSERT ON lead_search BEGIN {_ADD} END",
    "removed": f"AFTER DELETE ON lead_search BEGIN {_TAKE_AWAY} END",
    "changed": f"AFTER UPDATE ON lead_search BEGIN {_TAKE_AWAY} {_ADD} END",
}
_GRAMS = """
CREATE FUNCTION search_grams(words text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 1000
AS $$
    SELECT ARRAY(
        SELECT substr(words, place, size)
        FROM generate_series(1, length(words)) AS place, generate_series(2, 3) AS size
    )
$$
"""
"""The runs of two and three letters. The planner is told that a call costs much: reading the index
is cheaper than calling it for each row."""
_GIN = (
    "CREATE INDEX lead_search_index ON lead_search"
    " USING gin (search_grams(words)) WITH (fastupdate = off)"
)
"""Rows change rarely and are searched often, so that no part of the index waits to be sorted in."""


def upgrade() -> None:
    """The table, filled from the leads' profiles, and the index of this database."""
    table = op.create_table(
        "lead_search",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column(
            "lead",
            sa.String(),
            sa.ForeignKey("leads.id", ondelete="CASCADE"),
            nullable=False,
            unique=True,
        ),
        sa.Column("words", sa.String(), nullable=False),
    )
    for page in _pages():
        op.bulk_insert(
            table, [{"lead": row.id, "words": _words(row.profile or {})} for row in page]
        )
    if op.get_bind().dialect.name == "sqlite":
        _index_of_sqlite()
    else:
        op.execute(_GRAMS)
        op.execute(_GIN)
    op.drop_column("standings", "words")


def _index_of_sqlite() -> None:
    """FTS5 and the triggers that keep it up to date; without FTS5 the search reads the table."""
    try:
        op.execute(_FTS5)
    except OperationalError:
        return
    op.execute("INSERT INTO lead_search_index(lead_search_index) VALUES ('rebuild')")
    for name, trigger in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER lead_search_{name} {trigger}")


def _pages() -> Iterator[list[Any]]:
    after = ""
    while True:
        query = (
            sa.select(_LEADS)
            .where(_LEADS.c.id > after, _LEADS.c.merged_into.is_(None))
            .order_by(_LEADS.c.id)
            .limit(_MOST)
        )
        page = list(op.get_bind().execute(query))
        if not page:
            return
        yield page
        after = page[-1].id


def _words(profile: Mapping[str, Any]) -> str:
    names = (profile.get("first_name"), profile.get("last_name"))
    texts = (
        " ".join(str(one).strip() for one in names if one),
        profile.get("company"),
        profile.get("email"),
    )
    text = "\n".join(str(one) for one in texts if one)
    text = text.replace("\0", "").encode(errors="replace").decode()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
