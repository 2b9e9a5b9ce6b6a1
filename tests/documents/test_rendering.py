"""Rendering: whole fonts inside, nothing fetched from outside, threads one after another."""

import io
import re
import threading
from pathlib import Path
from typing import Any

import pypdf
import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from documents import rendering

VALUES: dict[str, Any] = {
    "title": "Счет на оплату № 1 от 22 ноября 2026 г.",
    "notice": "Внимание! 20 000 ₽",
    "supplier": {"name": "ООО «Школа»", "requisites": "ИНН 7700000009", "inn": "7700000009", "kpp": ""},
    "bank": None,
    "buyer": {"name": "Анна Ёлкина", "requisites": ""},
    "basis": "",
    "lines": [
        {"number": 1, "name": "Курс", "quantity": "1", "unit": "усл.", "price": "1,00", "amount": "1,00"}
    ],
    "totals": [{"label": "Итого:", "amount": "1,00", "strong": True}],
    "count_words": "Всего наименований 1",
    "amount_words": "Один рубль 00 копеек",
    "vat_note": "",
    "qr": "",
    "signatures": [{"role": "Руководитель", "name": "Демидова О. С."}],
}


def made(**values: Any) -> bytes:
    return rendering.pdf(template="invoice", values=VALUES | values)


def test_the_shipped_fonts_are_whole_and_have_the_rouble() -> None:
    for path in rendering.FONTS.glob("*.ttf"):
        letters = TTFont(path).getBestCmap()
        assert len(letters) > 500
        assert set(map(ord, "АЯаяЁё№₽«»–—\N{NO-BREAK SPACE}")) <= set(letters)
    assert "SIL OPEN FONT LICENSE" in (rendering.FONTS / "OFL.txt").read_text()


def test_each_letter_of_the_page_has_the_outline_of_our_font() -> None:
    """Text extraction reads right even where glyphs are wrong, so the embedded outlines are compared."""
    fonts: Any = pypdf.PdfReader(io.BytesIO(made())).pages[0].get("/Resources")
    seen = set()
    for entry in fonts["/Font"].values():
        font = entry.get_object()
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "Golos" in font["/BaseFont"]
        ours = _shipped(str(font["/BaseFont"]))
        embedded = TTFont(io.BytesIO(descriptor["/FontFile2"].get_object().get_data()))
        for glyph, letter in _letters(font["/ToUnicode"].get_object().get_data().decode()):
            if letter.isspace():
                continue
            theirs = embedded["glyf"][embedded.getGlyphName(glyph)]
            assert _outline(theirs, embedded) in _outlines(ours, letter), letter
            seen.add(letter)
    assert set("СчетАннЁ₽№«»") <= seen


def test_the_same_values_give_the_same_bytes() -> None:
    assert made() == made()
    assert made() != made(basis="Договор")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/x", "file:///etc/passwd", "data:image/png;base64,AA", "grafik:../x"]
)
def test_no_address_but_ours_is_answered(address: str) -> None:
    with pytest.raises(ValueError, match=re.escape(address)):
        rendering._fetcher(b"").fetch(address)


def test_threads_render_one_after_another() -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(made())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    assert len(set(found)) == 1


def test_without_pango_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(rendering.CannotRender, match="libpango-1"):
        made()


def _shipped(name: str) -> Any:
    weight = "SemiBold" if re.search("bold", name, re.IGNORECASE) else "Regular"
    return TTFont(Path(rendering.FONTS / f"GolosText-{weight}.ttf"))


def _letters(to_unicode: str) -> list[tuple[int, str]]:
    mapped = "".join(re.findall(r"beginbfchar(.*?)endbfchar", to_unicode, re.DOTALL))
    pairs = re.findall(r"^<([0-9A-Fa-f]+)> <([0-9A-Fa-f]{4})>$", mapped, re.MULTILINE)
    return [(int(glyph, 16), chr(int(letter, 16))) for glyph, letter in pairs]


def _outlines(font: Any, letter: str) -> list[list[tuple[int, int]]]:
    """The letter's glyph and its variants (figures of one width are called one.tnum)."""
    name = font.getBestCmap()[ord(letter)]
    mine = [one for one in font.getGlyphOrder() if one.partition(".")[0] == name]
    return [_outline(font["glyf"][one], font) for one in mine]


def _outline(glyph: Any, font: Any) -> list[tuple[int, int]]:
    return list(glyph.getCoordinates(font["glyf"])[0])
