"""The encoding of a file: read right, or asked for; never another letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lists.reading import Read, read

WESTERN = ["Zoë", "Jürgen", "Märta", "Björn", "O’Brien", "Søren", "Åsa", "Göran", "Ødegård"]
WORDS = {
    "cp1252": WESTERN,
    "mac_roman": WESTERN,
    "utf-8": [*WESTERN, "山田", "Иван"],
    "utf-16-le": [*WESTERN, "山田", "Иван"],
    "utf-16-be": [*WESTERN, "山田", "Иван"],
    "cp1250": ["Łukasz", "Jiří", "Małgorzata", "Dvořák", "Paweł", "Győző"],
    "cp1251": ["Иван", "Мария", "Сергей", "Ольга"],
    "cp1253": ["Γιώργος", "Μαρία", "Νίκος", "Παπαδόπουλος"],
    "cp1254": ["Yılmaz", "Çağrı", "Güneş", "Ayşe", "Şule"],
    "cp932": ["山田", "佐藤", "鈴木", "太郎", "花子"],
    "gb18030": ["王伟", "李芳", "北京科技有限公司", "上海贸易", "张敏"],
    "big5hkscs": ["偉", "臺北科技有限公司", "臺灣貿易", "陳", "林"],
    "cp949": ["김철수", "이영희", "박민수", "서울전자"],
    "koi8_r": ["Иван", "Мария", "Сергей", "Ольга"],
    "iso8859_2": ["Łukasz", "Małgorzata", "Świętosława", "Grażyna", "Šťastný"],
}
FEW = {"cp932", "iso8859_2"}
"""So few words of these may be those of another encoding."""


def table(words: list[str]) -> str:
    rows = [f"p{n}@enc.example,{word}" for n, word in enumerate(words)]
    return "\n".join(["email,first_name", *rows, ""])


@pytest.mark.parametrize("codec", [one for one in WORDS if one not in FEW])
def test_what_tools_write_is_recognised(codec: str, tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", table(WORDS[codec]).encode(codec))
    assert isinstance(found, Read), found
    assert [one["first_name"] for one in found.profiles] == WORDS[codec]


@pytest.mark.parametrize("codec", WORDS)
@pytest.mark.parametrize("how_many", [1, 2])
def test_few_words_are_read_right_or_shown_both_ways(
    codec: str, how_many: int, tmp_path: Path
) -> None:
    for start in range(len(WORDS[codec])):
        words = WORDS[codec][start : start + how_many]
        content = table(words).encode(codec)
        found = read(tmp_path / "a.csv", content)
        if isinstance(found, Read):
            assert [one["first_name"] for one in found.profiles] == words
        else:
            assert "--encoding " in found
        said = read(tmp_path / "a.csv", content, encoding=codec)
        assert isinstance(said, Read), said
        assert [one["first_name"] for one in said.profiles] == words


@pytest.mark.parametrize("codec", ["cp932", "euc_jis_2004"])
def test_a_japanese_list_is_recognised_with_its_header(codec: str, tmp_path: Path) -> None:
    content = (
        "メールアドレス,名,姓,会社名\nj@enc.example,太郎,山田,株式会社東京データ\n"
        "k@enc.example,花子,鈴木,日本サービス\nl@enc.example,奈々子,佐々木,名古屋ホテル\n"
    )
    found = read(tmp_path / "a.csv", content.encode(codec))
    assert isinstance(found, Read), found
    assert found.profiles[0]["company"] == "株式会社東京データ"


@pytest.mark.parametrize("codec", ["cp850", "cp866", "mac_latin2", "iso8859_5", "cp874"])
def test_an_encoding_that_is_not_known_is_never_read_as_another(codec: str, tmp_path: Path) -> None:
    words = {
        "cp850": ["Jérôme", "Müller", "François"],
        "cp866": ["Иван", "Петров", "Мария"],
        "mac_latin2": ["Łukasz", "Wójcik", "Jiří"],
        "iso8859_5": ["Иван", "Петров", "Мария"],
        "cp874": ["สมชาย", "ใจดี", "มานี"],
    }[codec]
    found = read(tmp_path / "a.csv", table(words).encode(codec))
    if isinstance(found, Read):
        assert [one["first_name"] for one in found.profiles] == words
    else:
        assert "--encoding" in found


def test_two_encodings_that_may_both_be_right_are_shown_with_three_words(tmp_path: Path) -> None:
    content = table(["Nuñez", "Peña", "Íñigo"]).encode("cp1252")
    refused = read(tmp_path / "a.csv", content)
    assert isinstance(refused, str), refused
    assert "say which of these reads it right" in refused
    assert "--encoding cp1252" in refused
    assert "Nuñez, Peña, Íñigo" in refused
