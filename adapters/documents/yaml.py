"""YAML 1.2, read with the place of every value, so that an error can name its line and column.

PyYAML's scanner and composer do the reading; this file gives them the core schema of
YAML 1.2 (`no`, `on` and `12:30` are text, dates too) and turns nodes into plain values.
"""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from typing import Any

import yaml

from adapters.documents.marked import Document, Mark
from adapters.documents.problems import DocumentError, Path, Problem, written_path

MOST_BYTES = 2_000_000
MOST_VALUES = 200_000
"""Aliases are expanded when they are read, so a small file could hold a billion values."""
MOST_LEVELS = 60

_CORE = "tag:yaml.org,2002:"
_DECIMAL = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_RESOLVERS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", rf"{_DECIMAL}|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.0123456789")),
)
_REMEDIES = {
    "'\\t' that cannot start any token": "a tab; indent with spaces",
    "mapping values are not allowed here": (
        "a ':' where none can be; check the indentation, and put text with ': ' in it in quotes"
    ),
    "could not find expected ':'": "a key without ':'; write 'key: value'",
    "but found another document": (
        "a second document; one file holds one, so remove '---' and what follows"
    ),
    "that cannot start any token": "text that begins with such a sign goes in quotes",
    "found undefined alias": "an alias (*name) without its anchor (&name) before it",
}

_NO_KEY = "a key is a word, not a list or a mapping"
_BRACES = 'put text with {{ }} in quotes, like "{{ lead.first_name }}"'
_SLIPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^\s*-[A-Za-z_]"), "'-' needs a blank after it, like '- wait: 3d'"),
    (re.compile(r"[:\-\[,]\s+\{\{"), _BRACES),
    (
        re.compile(r"(?:^|[\s:\-\[{,])(?:'[^']*'[^\s,:}\]#']|\"(?:[^\"\\]|\\.)*\"[^\s,:}\]#\"])"),
        (
            "the text ends at its second quote; a text with one kind of quote in it goes in the"
            " other kind, like \"stage == 'known'\""
        ),
    ),
    (
        re.compile(r"[{,][^\"']*:\s+[^\"'{}\[\],]*[^\"'{}\[\],\s](?:\?[\s,]|\s#)"),
        "put text with '?' or '#' in it in quotes",
    ),
)
"""What a line looks like that people often write, and what is right; tried in this order."""
_FREE_TEXT = frozenset(("subject", "preheader", "text", "note", "message", "postal_address"))
"""Keys whose text is written for people, so that it may hold a `#`."""
_COMMENT = re.compile(r"\s+(#.{0,30})")
_FILE_TAG = re.compile(r"!\w*(?:include|import|ref|file|env|secret|vault)", re.IGNORECASE)


class _Loader(yaml.SafeLoader):
    """PyYAML's reader with the core schema of YAML 1.2 in place of YAML 1.1's."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  # as in the base class


for _tag, _pattern, _first in _RESOLVERS:
    _Loader.add_implicit_resolver(_CORE + _tag, re.compile(rf"(?:{_pattern})\Z"), _first)


def read_document(path: FilePath, what: str) -> Document:
    """Read a file that holds one YAML mapping; `what` names it in messages ("a program").

    Raises DocumentError with everything that is wrong with it as YAML.
    """
    file = str(path)
    text = _text(path)
    document = Document(file)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_broken(file, error, text)]) from None
    except yaml.reader.ReaderError as error:
        line, column = _place(text, error.position)
        message = f"a character that a YAML file can't hold (#x{error.character:04x}); remove it"
        raise DocumentError([Problem(file, line, column, "", message)]) from None
    except RecursionError:
        raise DocumentError([Problem(file, 0, 0, "", _too_deep())]) from None
    if node is None:
        raise DocumentError([Problem(file, 0, 0, "", f"the file is empty; {what} was expected")])
    if not isinstance(node, yaml.MappingNode):
        mark = node.start_mark
        message = f"{what} is a mapping: lines of 'key: value'"
        raise DocumentError([Problem(file, mark.line + 1, mark.column + 1, "", message)])
    document.value = _Values(document, text).value(node, (), ())
    return document


def _too_deep() -> str:
    return f"nested deeper than {MOST_LEVELS} levels; write it flatter"


def _text(path: FilePath) -> str:
    file = str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        message = "there is no such file; check the name"
        raise DocumentError([Problem(file, 0, 0, "", message)]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DocumentError([Problem(file, 0, 0, "", f"can't be read: {reason}")]) from None
    if len(data) > MOST_BYTES:
        message = f"larger than {MOST_BYTES // 1_000_000} MB; such a file is surely another one"
        raise DocumentError([Problem(file, 0, 0, "", message)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(data[: error.start + 1].decode("latin-1"), error.start)
        message = f"not UTF-8 (byte 0x{data[error.start]:02x}); save the file as UTF-8"
        raise DocumentError([Problem(file, line, column, "", message)]) from None


def _place(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _broken(file: str, error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = " ".join(str(error.problem or error.context or "").split())
    message = next((remedy for sign, remedy in _REMEDIES.items() if sign in said), None)
    if message is None and mark is not None:
        lines = text.splitlines()
        # Where a text runs on by mistake, the reader stops in the line below it.
        opened = [error.context_mark.line] if error.context_mark is not None else []
        near = [lines[n] for n in (mark.line, mark.line - 1, *opened) if 0 <= n < len(lines)]
        message = next((said for line in near for slip, said in _SLIPS if slip.search(line)), None)
    if message is None:
        context = f" {error.context}" if error.context and error.problem else ""
        message = f"{said}{context}; check indentation, quotes and brackets near here"
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(file, line, column, "", f"not YAML: {message}")


class _Values:
    """Turns composed nodes into plain values and records the place of each."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._lines = text.splitlines()
        self._count = 0

    def value(self, node: yaml.Node, path: Path, above: tuple[int, ...]) -> Any:
        """The plain value of a node. A node without one is reported, and gives None."""
        self._document.values[path] = self._mark(node)
        self._count += 1
        if self._count > MOST_VALUES:
            message = f"more than {MOST_VALUES} values once its aliases are written out"
            raise DocumentError([Problem(self._document.file, 0, 0, "", message)])
        if id(node) in above:
            self._document.report(path, "an alias for what it stands in; write it out")
            return None
        if len(above) >= MOST_LEVELS:
            self._document.report(path, _too_deep())
            return None
        inside = (*above, id(node))
        if isinstance(node, yaml.MappingNode) and node.tag == _CORE + "map":
            return self._mapping(node, path, inside)
        if isinstance(node, yaml.SequenceNode) and node.tag == _CORE + "seq":
            return [self.value(one, (*path, n), inside) for n, one in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._unknown_tag(node, path)
        return None

    def _mapping(self, node: yaml.MappingNode, path: Path, inside: tuple[int, ...]) -> Any:
        found: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            if not isinstance(key_node, yaml.ScalarNode):
                written = self._lines[line - 1][column - 2 :]
                message = _BRACES if written.startswith("{{") else _NO_KEY
                self._at(line, column, path, message)
                continue
            key = str(key_node.value)
            if key == "<<" and key_node.style is None:
                message = "merge keys (<<) are not YAML 1.2; write the keys out"
                self._at(line, column, (*path, key), message)
                continue
            if key in found:
                message = f"'{key}' stands here twice, first in line {first[key]}; keep one"
                self._at(line, column, (*path, key), message)
                continue
            first[key] = line
            self._document.keys[*path, key] = Mark(line, column)
            found[key] = self.value(value_node, (*path, key), inside)
        return found

    def _at(self, line: int, column: int, path: Path, message: str) -> None:
        problem = Problem(self._document.file, line, column, written_path(path), message)
        self._document.problems.append(problem)

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text = str(node.value)
        kind = node.tag.removeprefix(_CORE)
        try:
            match kind:
                case "str":
                    self._warn_of_a_comment(node, path)
                    return text
                case "null" if text in ("", "~", "null", "Null", "NULL"):
                    return None
                case "bool" if text.lower() in ("true", "false"):
                    return text.lower() == "true"
                case "int":
                    return int(text, 0 if text[:2] in ("0o", "0x") else 10)
                case "float":
                    special = text.lower().replace(".inf", "inf").replace(".nan", "nan")
                    return float(special)
        except ValueError:
            pass
        if kind in ("null", "bool", "int", "float"):
            self._document.report(path, f"'{text[:40]}' can't be read as {kind}")
        else:
            self._unknown_tag(node, path)
        return None

    def _warn_of_a_comment(self, node: yaml.ScalarNode, path: Path) -> None:
        """Warn of text for people that a `#` cuts short: "News # 1" is "News"."""
        if node.style is not None or not path or path[-1] not in _FREE_TEXT:
            return
        end = node.end_mark
        cut = (
            _COMMENT.match(self._lines[end.line][end.column :])
            if end.line < len(self._lines)
            else None
        )
        if cut is not None:
            self._document.report(
                path,
                f"the text ends before '{cut[1]}', which is a comment; if it belongs to the text,"
                " put all of it in quotes; if not, put the comment in a line of its own",
                warning=True,
            )

    def _unknown_tag(self, node: yaml.Node, path: Path) -> None:
        tag = node.tag.replace(_CORE, "!!")
        if _FILE_TAG.match(tag):
            message = f"{tag} does not work here: one file holds all; write its text here"
            self._document.report(path, message)
            return
        self._document.report(path, f"the tag {tag} means nothing here; remove it")

    def _mark(self, node: yaml.Node) -> Mark:
        start, end = node.start_mark, node.end_mark
        line, column = start.line + 1, start.column + 1
        if not isinstance(node, yaml.ScalarNode):
            return Mark(line, column)
        if node.style == "|":
            return Mark(line, column, indent=self._indent(start.line + 1, end.line))
        quote = 1 if node.style in ("'", '"') else 0
        if start.line == end.line and end.column - start.column == len(node.value) + 2 * quote:
            return Mark(line, column, quote=quote)
        return Mark(line, column)

    def _indent(self, first: int, last: int) -> int:
        written = (line for line in self._lines[first : last + 1] if line.strip())
        return next((len(line) - len(line.lstrip(" ")) + 1 for line in written), 1)
