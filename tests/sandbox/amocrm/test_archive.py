"""What amoМаркет says about an archive."""

import json
from typing import Any

import pytest

from sandbox.amocrm import archive

from . import archives

BOM = b"\xef\xbb\xbf"


def errors(files: dict[str, bytes]) -> list[str]:
    return archive.read(archives.packed(files)).errors


def with_manifest(change: dict[str, Any]) -> dict[str, bytes]:
    files = archives.widget_files()
    files["manifest.json"] = json.dumps({**archives.manifest(), **change}).encode()
    return files


def test_a_good_archive_has_no_errors() -> None:
    found = archive.read(archives.packed(archives.widget_files()))
    assert found.errors == []
    assert found.manifest["widget"]["version"] == "1.0.0"
    assert found.i18n["ru"]["widget"]["hello"] == "Привет"


def test_bytes_that_are_no_zip_are_said_so() -> None:
    assert archive.read(b"PK nonsense").errors == ["widget.zip: не читается как zip"]


def test_a_nested_folder_is_named() -> None:
    nested = {f"widget/{name}": raw for name, raw in archives.widget_files().items()}
    found = errors(nested)
    assert len(found) == 2
    assert "widget/manifest.json" in found[0]


def test_a_path_that_climbs_out_is_refused() -> None:
    assert errors({**archives.widget_files(), "../x.js": b""}) == ["../x.js: недопустимый путь"]


@pytest.mark.parametrize(
    ("name", "raw", "error"),
    [
        ("script.js", BOM + b"define();\n", "script.js: файл с BOM"),
        ("style.css", b".a {}\r\n", "style.css: переводы строк не \\n"),
        ("style.css", b"\xff\xfe", "style.css: не UTF-8"),
        ("images/logo.png", archives.png(131, 100), "images/logo.png: 131×100, нужна 130×100"),
        ("images/logo.png", b"not a picture", "images/logo.png: не png, jpg или gif"),
        ("images/tour_1_ru.png", archives.png(10, 10), "images/tour_1_ru.png: 10×10, нужна 1188×616"),
    ],
)
def test_one_bad_file_gives_exactly_its_error(name: str, raw: bytes, error: str) -> None:
    assert errors({**archives.widget_files(), name: raw}) == [error]


@pytest.mark.parametrize("name", sorted(archive.PICTURES))
def test_every_mandatory_picture_is_missed(name: str) -> None:
    files = archives.widget_files()
    del files[f"images/{name}.png"]
    [error] = errors(files)
    assert error.startswith(f"images/{name}.png: нет")


def test_a_picture_above_300_kilobytes_is_too_big() -> None:
    fat = archives.png(130, 100) + bytes(300 * 1024)
    assert errors({**archives.widget_files(), "images/logo.png": fat}) == ["images/logo.png: больше 300 КБ"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"locations": ["lcard-1", "moon"]}, "manifest.json: неизвестная область moon"),
        ({"locations": []}, "manifest.json: locations обязателен"),
        (
            {"tour": {**archives.manifest()["tour"], "is_tour": False}},
            "manifest.json: tour.is_tour должен быть true",
        ),
        ({"advanced": {}}, "manifest.json: advanced.title обязателен с advanced_settings"),
        (
            {"settings": {"a": {"name": "settings.note", "type": "poem", "required": True}}},
            "manifest.json: settings.a.type неизвестен",
        ),
        (
            {"settings": {"a": {"name": "settings.other", "type": "text", "required": True}}},
            "i18n/ru.json: нет текста settings.other, названного в manifest.json",
        ),
    ],
)
def test_one_wrong_key_of_the_manifest_gives_exactly_its_error(change: dict[str, Any], error: str) -> None:
    assert errors(with_manifest(change)) == [error]


def test_the_pipeline_needs_its_picture_and_a_secure_address() -> None:
    dp = {
        "settings": {"action": {"name": "settings.note", "type": "text", "required": True}},
        "action_multiple": False,
        "webhook_url": "http://pay.example.ru/amo/",
    }
    found = errors(with_manifest({"locations": ["digital_pipeline", "settings"], "dp": dp}))
    assert found == [
        "manifest.json: dp.webhook_url должен быть https",
        "images/logo_dp.png: нет (нужна 174×109)",
    ]


def test_languages_must_have_the_same_keys() -> None:
    files = archives.widget_files(locale=["ru", "en"])
    english = archives.words()
    del english["widget"]["hello"]
    files["i18n/en.json"] = json.dumps(english).encode()
    assert errors(files) == ["i18n/en.json: нет ключа widget.hello"]


def test_a_jpeg_is_measured_too() -> None:
    frame = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x64\x00\x82\x01\x01\x11\x00"
    assert archive.picture_size(frame) == (130, 100)
