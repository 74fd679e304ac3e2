"""What commands work with: settings, database, Temporal; their failures become sentences."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.console import NegativeAnswerError, WorldFailedError, WrongInputError

# Temporal, SQLAlchemy and CEL take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from temporalio.client import Client

    from adapters.sql.database import Database
    from adapters.temporal.client import Leads
    from assembly.settings import Settings

Value = TypeVar("Value")

CONNECT_SECONDS = 15.0
"""How long a server that accepts no connection and refuses none is waited for."""

LeadArgument = Annotated[
    str, typer.Argument(metavar="LEAD", help="The lead's id, or its e-mail address.")
]


def read_settings() -> Settings:
    """Read the settings from the environment. Raises WrongInputError, naming the variable."""
    from pydantic import ValidationError  # noqa: PLC0415  # see above

    from adapters.sql.database import open_database  # noqa: PLC0415  # see above
    from assembly.settings import Settings  # noqa: PLC0415  # see above

    try:
        settings = Settings()
    except ValidationError as error:
        said = "; ".join(
            f"LEADFLOW_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}"
            for one in error.errors()
        )
        raise WrongInputError(f"a setting can't be used: {said}") from None
    try:
        open_database(settings.database).close()
    except ValueError as error:
        raise WrongInputError(f"LEADFLOW_DATABASE_URL: {error}") from None
    return settings


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database, once it has this code's tables. Raises WorldFailedError with the remedy."""
    from adapters.sql.database import check, open_database  # noqa: PLC0415  # see above

    with explained():
        database = open_database(settings.database)
        try:
            if database.file is not None and not database.file.exists():
                raise WorldFailedError(
                    f"there is no database at {database.file}; start the stack with `make up`,"
                    " which makes one, or set LEADFLOW_HOME or LEADFLOW_DATABASE_URL"
                )
            check(settings.database)
            yield database
        finally:
            database.close()


@contextmanager
def explained() -> Iterator[None]:
    """Turn what adapters raise into the command line's errors, one for a whole ExceptionGroup."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  # see above
    from temporalio.service import RPCError  # noqa: PLC0415  # see above

    from adapters.sql.database import DatabaseNotReadyError  # noqa: PLC0415  # see above
    from adapters.temporal.client import (  # noqa: PLC0415  # see above
        LeadNotFoundError,
        TemporalUnavailableError,
    )
    from adapters.temporal.embedded import EmbeddedServerError  # noqa: PLC0415  # see above
    from assembly.settings import UnusableSettingError  # noqa: PLC0415  # see above
    from models.refusal import RefusedError  # noqa: PLC0415  # see above

    try:
        with _first_of_group():
            yield
    except UnusableSettingError as error:
        raise WrongInputError(str(error)) from None
    except LeadNotFoundError as error:
        raise WrongInputError(str(error)) from None
    except RefusedError as error:
        raise NegativeAnswerError(str(error)) from None
    except (TemporalUnavailableError, EmbeddedServerError, DatabaseNotReadyError) as error:
        raise WorldFailedError(str(error)) from None
    except RPCError as error:
        raise WorldFailedError(f"Temporal failed: {error.message} ({error.status.name})") from None
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip()
        raise WorldFailedError(f"the database failed: {said}") from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        raise WorldFailedError(f"{where}{error.strerror or error}") from None


@contextmanager
def _first_of_group() -> Iterator[None]:
    """Raise the first error of an ExceptionGroup by itself: a group says nothing to people."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Client]:
    """A client of Temporal. Raises WorldFailedError if it does not answer."""
    from adapters.temporal.connection import connect  # noqa: PLC0415  # see above
    from assembly import logs  # noqa: PLC0415  # see above

    logs.configure_for_commands()
    with explained():
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                client = await connect(settings)
        except TimeoutError:
            raise WorldFailedError(
                f"Temporal does not answer within {CONNECT_SECONDS:.0f} seconds;"
                " start the embedded one with `make up`, or set TEMPORAL_ADDRESS"
            ) from None
        yield client


@asynccontextmanager
async def leads_of(settings: Settings, database: Database) -> AsyncIterator[Leads]:
    """Leads through Temporal. Raises WorldFailedError if it does not answer."""
    async with connected(settings) as client:
        yield leads_on(client, settings, database)


def leads_on(client: Client, settings: Settings, database: Database) -> Leads:
    """Leads through this client."""
    from adapters.sql.journal import SqlJournal  # noqa: PLC0415  # see above
    from adapters.temporal.client import Leads  # noqa: PLC0415  # see above

    return Leads(client, SqlJournal(database), prefix=settings.queue_prefix)


def run_async(work: Coroutine[Any, Any, Value]) -> Value:
    """Run a coroutine to its end; failures become the command line's errors."""
    with explained():
        return asyncio.run(work)


def lead_named(text: str, database: Database) -> str:
    """The id of the lead that is meant (`usecases.naming`). Raises WrongInputError."""
    from usecases.naming import AmbiguousLeadError, lead_meant  # noqa: PLC0415  # see above

    with explained():
        try:
            return lead_meant(database, text)
        except AmbiguousLeadError as error:
            raise WrongInputError(str(error)) from None
