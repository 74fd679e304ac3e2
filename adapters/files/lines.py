"""The lines of a text file: decoded, with line ends of all kinds, and bounded in length."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from adapters.files.encodings import Encoding

LONGEST_LINE = 10_000_000
"""Characters. A longer line is no row of a list: its line ends are missing. Tools write cells of a
megabyte, such as the log of a chat."""


class UnusableFileError(ValueError):
    """The file as a whole can't be used; the message names the place and the remedy.

    `readings`: if only its encoding is unclear, words of it by the encodings that remain.
    `table`: if only the column of the address is missing, the header and some rows.
    """

    def __init__(
        self,
        message: str,
        readings: Mapping[str, tuple[str, ...]] | None = None,
        table: Sequence[Sequence[str]] = (),
    ) -> None:
        super().__init__(message)
        self.readings = dict(readings or {})
        self.table = table


class Lines:
    """The lines of a file, each with its line end: LF, CR LF, or CR alone.

    Bytes that the encoding can't read become U+FFFD, so that they cost a row and not the file.
    """

    def __init__(self, path: Path, file: BinaryIO, encoding: Encoding) -> None:
        self.path = path
        self.encoding = encoding
        self.number = 0
        """Of the line last read, from 1."""
        self._file = file
        file.seek(encoding.marks)
        self._text = io.TextIOWrapper(file, encoding.codec, errors="replace", newline="")

    @property
    def bytes_read(self) -> int:
        """How far the file was read; a little ahead of the line."""
        return self._file.tell()

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(LONGEST_LINE):
            self.number += 1
            if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
                raise UnusableFileError(
                    f"{self.path}:{self.number}: the line is longer than {LONGEST_LINE:,}"
                    " characters; a row is one line, ended by a line feed"
                )
            yield line
