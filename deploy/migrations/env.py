"""How Alembic reaches the database: by the connection it is given, or by `-x database=URL`."""

from typing import Literal

from alembic import context
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from adapters.sql.database import open_database
from models.tables.columns import UtcInstant  # the package brings all tables
from models.tables.search import INDEX


def render_type(kind: str, value: object, _context: object) -> str | Literal[False]:
    """Plain column types, so that a migration stays what it was when the models move on."""
    if kind == "type" and isinstance(value, UtcInstant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, AutoString):
        return "sa.String()"
    return False


def run(connection: Connection) -> None:
    """Run the migrations asked for on this connection, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_item=render_type,
        include_name=lambda name, *_: not str(name).startswith(INDEX),
        render_as_batch=True,  # SQLite alters a table by copying it
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = context.get_x_argument(as_dictionary=True).get("database")
    if url is None:
        raise SystemExit("say which database: -x database=sqlite:///.leadflow/leadflow.db")
    database = open_database(url)
    with database.write() as own:
        run(own)
    database.close()
