"""Whether the data has what an entry's `fields:` names: a typo or a changed header ends the run at once, not row by row."""

import itertools
from collections.abc import Iterable, Mapping

from polymath.errors import UserError, choices
from polymath.sources.mapping import MISSING, first_names, getter
from polymath.sources.rows import BEGINNING, Batch

ENOUGH_ROWS = 1000
"""Rows without a needed value after which it is taken for a wrong name; objects name their keys row by row."""
KEYS_SHOWN = 200


def check_beginning(name: str, fields: Mapping[str, str], needs: tuple[str, ...], batches: Iterable[Batch]) -> None:
    """Look at the first batch of a source alone, before any work; raises UserError as ColumnCheck does."""
    check = ColumnCheck(name, fields, needs)
    for batch in batches:
        check.look(batch)
        if batch.end is None:
            check.end()
        return


def unique_names(names: Iterable[str]) -> list[str]:
    """The names of columns; one that comes again gets a number, so that no cell is lost."""
    unique: dict[str, None] = {}
    for name in names:
        numbered = (f"{name}.{number}" for number in itertools.count(1))
        unique[name if name not in unique else next(one for one in numbered if one not in unique)] = None
    return list(unique)


class ColumnCheck:
    """Looks at the batches of one source as they come."""

    def __init__(self, name: str, fields: Mapping[str, str], needs: tuple[str, ...]) -> None:
        """`name`: the source's; `fields`: record field -> expression; `needs`: the fields that its task cannot do without."""
        self._name = name
        self._columns = {field: first_names(text) for field, text in fields.items() if field != "extra"}
        self._fields = fields
        self._unseen = {field: getter(fields[field], f"{name}.fields.{field}") for field in needs if field in fields}
        self._rows = 0
        self._keys: dict[str, None] = {}
        self._file = ""

    def look(self, batch: Batch) -> None:
        """Raises UserError for a column that a table or a header lacks, or that many rows in turn do."""
        columns = batch.table.column_names if batch.table is not None else batch.columns
        if columns:
            for field, names in self._columns.items():
                if names and not set(names) & set(columns):
                    raise self._missing(field, batch.file, columns)
            self._unseen.clear()
        elif self._unseen:
            self._look_at_rows(batch)

    def end(self) -> None:
        """Raises UserError for a needed field that no row of the whole source has."""
        if self._unseen and self._rows:
            raise self._missing(next(iter(self._unseen)), self._file, self._keys)

    def _look_at_rows(self, batch: Batch) -> None:
        if not self._rows and batch.start != BEGINNING:  # a killed reading goes on: the rows before this one had them
            self._unseen.clear()
        self._file = self._file or batch.file
        for _, row in batch.rows:
            self._unseen = {field: get for field, get in self._unseen.items() if get(row) is MISSING}
            if not self._unseen:
                return
            self._rows += 1
            if isinstance(row, Mapping) and len(self._keys) < KEYS_SHOWN:
                self._keys |= dict.fromkeys(map(str, row))
            if self._rows >= ENOUGH_ROWS:
                self.end()

    def _missing(self, field: str, file: str, known: Mapping[str, None] | list[str] | tuple[str, ...]) -> UserError:
        names = self._columns[field]
        wanted = repr(names[0]) if len(names) == 1 else f"any of {', '.join(names)}"
        return UserError(f"{self._name}.fields.{field}: {file} has no column {wanted}; {choices(names[0], known)}")
