"""Which encoding a text file is in, as far as that can be known.

UTF-8 and UTF-16 prove themselves. Of the older encodings the words of the file decide: an encoding
in which they look like words, beside the library's measure of how well they fit its languages.
When two encodings remain that read the file differently, nothing is guessed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import chardet

from adapters.files.encoded_words import EAST, is_word

OLDER = (
    *("cp1252", "mac_roman", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "cp949"),
    *("big5hkscs", "euc_jis_2004", "koi8_r", "iso8859_15", "iso8859_2"),
    *("cp1255", "cp1256", "cp1257", "cp874"),
)
"""What spreadsheets write if not Unicode: for Western Europe on Windows and on a Mac, Central
Europe, Cyrillic, Greek, Turkish, Japanese, Chinese, Korean; then Chinese of Taiwan, and what older
systems write in Japan, Russia, Western and Central Europe; then Hebrew, Arabic, Baltic, Thai. More
likely ones come first."""

_NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16 (big end first)",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32 (big end first)",
    "cp1252": "Windows-1252",
    "mac_roman": "MacRoman",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp932": "Shift-JIS",
    "gb18030": "GB18030",
    "cp949": "Korean (949)",
    "big5hkscs": "Big5",
    "euc_jis_2004": "EUC-JP",
    "koi8_r": "KOI8-R",
    "iso8859_15": "ISO-8859-15",
    "iso8859_2": "ISO-8859-2",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "cp1257": "Windows-1257",
    "cp874": "Windows-874",
}
_CHUNK = 1 << 18
_MOST_WORDS = 2_000
_SHOWN = 3
"""Words that are shown each way when two encodings remain."""
_SURE = 1.3
"""How much better than the next an encoding must fit, if the words alone do not decide."""
_SURE_EAST = 3.0
"""The same between two encodings of East Asia, of which each reads the other as rare letters."""
_MOST_ODD = 0.2
"""A share of words that can't be words, above which an encoding is not taken for certain."""
_FEW = 3
"""So few words are too few for such a measure."""
_BALTIC = "cp1257"
"""It differs from Windows-1252 in few letters. So few words of it are taken for Western ones, which
are far more frequent; else a list with one Zoë in it would be asked about."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # it begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile("[\x80-\x9f]")
"""No list has these; they are what an encoding reads that is not the file's."""
# Of all encodings above, the bytes below 0x30 and :;<=>? stand for themselves and part words.
_WORD = re.compile(rb"[^\x00-\x2f:;<=>?]+")


class UnsureEncodingError(ValueError):
    """Several encodings are possible and give different letters; the message shows both.

    `readings` are words of the file by the encodings that remain; none if no encoding fits.
    """

    def __init__(self, message: str, readings: Mapping[str, tuple[str, ...]] | None = None) -> None:
        super().__init__(message)
        self.readings = dict(readings or {})


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding, by Python's name for it."""

    codec: str
    detected: bool = True
    """Whether the file said so; else somebody named it."""
    marks: int = 0
    """Bytes of byte order marks at the beginning of the file."""

    @property
    def name(self) -> str:
        """Its name for people."""
        return _NAMES.get(self.codec, self.codec)


def named_encoding(name: str) -> str:
    """Python's name of an encoding that somebody named. Raises ValueError with the usual ones."""
    usual = {"macintosh": "mac_roman", "ansi": "cp1252", "utf-8-sig": "utf-8"}
    wanted = usual.get(name.strip().lower(), name.strip())
    try:
        codec = codecs.lookup(wanted)
        "a".encode(codec.name)  # not each codec is one of text
    except (LookupError, ValueError):
        raise ValueError(
            f"there is no encoding '{name}'; usual are utf-8, utf-16, {', '.join(OLDER[:3])}"
        ) from None
    return codec.name


def detect_encoding(path: Path) -> Encoding:
    """The encoding of a file. Raises UnsureEncodingError, and OSError.

    It reads the file once; memory holds a chunk, and some words.
    """
    with path.open("rb") as file:
        start = file.read(_CHUNK)
    for mark, codec in _BOMS:
        if start.startswith(mark):
            return Encoding(codec, marks=_marks(start, mark))
    if (wide := _wide(start)) is not None:
        return Encoding(wide)
    words = _words_unless_utf8(path)
    return Encoding("utf-8") if words is None else _older(path, words)


def marked_encoding(path: Path, codec: str) -> Encoding:
    """An encoding that somebody named, without the marks that the file begins with."""
    with path.open("rb") as file:
        start = file.read(64)
    for mark, marked in _BOMS:
        if start.startswith(mark) and codec.replace("_", "-") in (marked, "utf-16"):
            return Encoding(marked, detected=False, marks=_marks(start, mark))
    return Encoding("utf-16-le" if codec == "utf-16" else codec, detected=False)


def _marks(start: bytes, mark: bytes) -> int:
    """Bytes of all marks at the beginning: some programs put one before a file that has one."""
    return len(start) - len(_without(start, mark))


def _without(start: bytes, mark: bytes) -> bytes:
    while start.startswith(mark):
        start = start.removeprefix(mark)
    return start


def _wide(start: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of plain letters, commas and line ends is 0."""
    sample = start[: len(start) // 2 * 2]
    if not sample:
        return None
    first, second = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if second > max(half // 10, 3 * first):
        return "utf-16-le"
    if first > max(half // 10, 3 * second):
        return "utf-16-be"
    return None


def _words_unless_utf8(path: Path) -> list[bytes] | None:
    """Words with bytes that are not ASCII; None if the file is UTF-8.

    A file that is nearly all UTF-8 is UTF-8 too: the rows that are not say so one by one.
    """
    good: dict[bytes, None] = {}
    bad: dict[bytes, None] = {}
    for word in _words(path):
        found = good if _is_utf8(word) else bad
        if len(found) < _MOST_WORDS:
            found[word] = None
    if not bad or len(good) > 2 * len(bad):
        return None
    return [*bad, *good]


def _words(path: Path) -> Iterator[bytes]:
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            chunk = rest + chunk
            if chunk.isascii():
                rest = b""
                continue
            # A word that the chunk's end may have cut is left for the next one.
            end = max(chunk.rfind(b","), chunk.rfind(b"\n"), chunk.rfind(b"\r"), chunk.rfind(b";"))
            rest = chunk[end + 1 :] if end >= 0 and len(chunk) - end < _CHUNK else b""
            yield from _foreign(chunk[: len(chunk) - len(rest)])
    yield from _foreign(rest)


def _foreign(text: bytes) -> list[bytes]:
    return [] if text.isascii() else [one for one in _WORD.findall(text) if not one.isascii()]


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _older(path: Path, words: list[bytes]) -> Encoding:
    joined = b" ".join(words)
    fits = {
        str(one["encoding"]).lower().replace("-", "_"): float(one["confidence"])
        for one in chardet.detect_all(
            joined, ignore_threshold=True, compat_names=False, include_encodings=OLDER
        )
    }
    ranked = []
    read: set[str] = set()
    for codec in OLDER:
        try:
            text = joined.decode(codec)
        except UnicodeDecodeError:
            continue
        if codec == _BALTIC and _differing(words, codec, "cp1252") < _FEW:
            continue
        if text not in read and not _CONTROLS.search(text):
            read.add(text)
            odd = sum(not is_word(one, codec) for one in text.split(" "))
            ranked.append((odd, -fits.get(codec, 0.0), codec))
    ranked.sort(key=lambda one: one[:2])
    if not ranked:
        raise UnsureEncodingError(
            f"{path}: its encoding is not known; save it as UTF-8 ('CSV UTF-8' in a spreadsheet)"
        )
    (odd, fit, best), *others = ranked
    if others:
        next_odd, next_fit, rival = others[0]
        differ = [word for word in words if word.decode(best) != word.decode(rival)]
        sure = _SURE_EAST if {best, rival} <= EAST else _SURE
        fits_better = len(differ) >= _FEW and fit < next_fit * sure
        if (odd == next_odd and not fits_better) or odd > _MOST_ODD * len(words):
            raise _both(path, differ, best, rival)
    return Encoding(best)


def _differing(words: list[bytes], one: str, other: str) -> int:
    return sum(word.decode(one, "replace") != word.decode(other, "replace") for word in words)


def _both(path: Path, differ: list[bytes], one: str, other: str) -> UnsureEncodingError:
    readings = {
        codec: tuple(word.decode(codec) for word in differ[:_SHOWN]) for codec in (one, other)
    }
    lines = [f"  --encoding {codec:<10} {', '.join(read)}" for codec, read in readings.items()]
    return UnsureEncodingError(
        f"{path}: it is not clear which encoding the file is in; say which of these reads it"
        " right:\n" + "\n".join(lines),
        readings,
    )
