"""An export for a data warehouse: what is new or changed since the folder's last run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.files.warehouse import TABLES, Warehouse
from adapters.reports.warehouse_columns import WarehouseTable
from adapters.reports.warehouse_rows import WarehouseRows, changed
from adapters.sql.database import Database


@dataclass(frozen=True, slots=True)
class Exported:
    """What a run of the export wrote."""

    run: int | None
    """Its number; None if there was nothing new."""
    rows: dict[WarehouseTable, int]
    files: tuple[str, ...]


def export(
    database: Database,
    folder: Path,
    *,
    addresses: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Exported:
    """Write what is new or changed since the last run into the folder.

    `progress` gets the leads that are done, and how many there are. Raises WarehouseError and
    OSError; then the folder holds what it held, and the next run writes it.
    """
    warehouse = Warehouse(folder, addresses=addresses)
    try:
        source = WarehouseRows(database, addresses=addresses)
        known: dict[str, int] = warehouse.latest("leads", "lead", "turn")
        mails = warehouse.latest("messages", "key", "updated")
        leads = list(changed(source.turns(), known))
        with warehouse.writing() as run:
            done = 0
            for page in source.pages(leads):
                rows = source.leads(page)
                turns = {row["lead"]: row["turn"] for row in rows}
                run.write("leads", rows)
                run.write("timeline", source.timeline(turns, known))
                run.write("handoffs", source.handoffs(page))
                done += len(page)
                progress(done, len(leads))
            for found in source.messages():
                new = (row for row in found if mails.get(row["key"]) != row["updated"])
                run.write("messages", new)
        return Exported(
            run=run.number if run.files else None,
            rows={table: run.rows[table] for table in TABLES},
            files=tuple(str(one["file"]) for one in run.files),
        )
    finally:
        warehouse.close()
