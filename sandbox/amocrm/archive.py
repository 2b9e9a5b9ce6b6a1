"""Reads a widget archive as amoМаркет does and says everything that is wrong with it.

Rules of the documentation: files at the root of the zip, text in UTF-8 without BOM and with LF line ends, the
mandatory pictures in their exact sizes up to 300 KB, every i18n path of the manifest present in every
language, the same keys in all languages, known locations and setting types.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from sandbox.amocrm.world import Row

MAX_ARCHIVE, MAX_UNPACKED, MAX_FILES = 10 * 1024 * 1024, 30 * 1024 * 1024, 500
MAX_PICTURE = 300 * 1024
PICTURES = {
    "logo_main": (400, 272),
    "logo_small": (108, 108),
    "logo": (130, 100),
    "logo_medium": (240, 84),
    "logo_min": (84, 84),
}
DP_PICTURE, TOUR_PICTURE = (174, 109), (1188, 616)
PICTURE_ENDS = (".png", ".jpg", ".jpeg", ".gif")
TEXT_ENDS = (".json", ".js", ".css", ".twig", ".html")
SIDED = {"lcard", "ccard", "comcard", "cucard", "llist", "clist", "culist", "tlist"}
PLAIN = {
    *("settings", "advanced_settings", "card_sdk", "catalogs", "digital_pipeline", "lead_sources"),
    *("salesbot_designer", "sms", "whatsapp_modal", "mobile_card", "amoforms", "everywhere"),
    *("widget_page", "personal_page"),
}
LOCATIONS = PLAIN | SIDED | {f"{name}-{side}" for name in SIDED for side in (0, 1)}
SETTING_TYPES = {"text", "pass", "users", "users_lp", "custom"}
LOCALES = {"ru", "en", "es", "pt"}


@dataclass
class Archive:
    """What was read; `errors` is empty for a good archive."""

    files: dict[str, bytes] = field(default_factory=dict)
    manifest: Row = field(default_factory=dict)
    i18n: dict[str, Row] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def read(raw: bytes) -> Archive:
    """Unpacks and checks; never raises for a bad archive."""
    archive = Archive()
    if len(raw) > MAX_ARCHIVE:
        archive.errors.append("widget.zip: больше 10 МБ")
        return archive
    _unpack(archive, raw)
    if archive.errors:
        return archive
    _check_texts(archive)
    archive.manifest = _json(archive, "manifest.json")
    if not archive.errors:
        _check_manifest(archive)
        _check_i18n(archive)
        _check_pictures(archive)
    return archive


def _unpack(archive: Archive, raw: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                archive.errors.append("widget.zip: слишком много файлов или они слишком велики")
                return
            for entry in entries:
                path = PurePosixPath(entry.filename)
                if path.is_absolute() or ".." in path.parts:
                    archive.errors.append(f"{entry.filename}: недопустимый путь")
                    return
                archive.files[str(path)] = packed.read(entry)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        archive.errors.append("widget.zip: не читается как zip")
        return
    for name in ("manifest.json", "script.js"):
        if name not in archive.files:
            nested = next((path for path in archive.files if path.endswith(f"/{name}")), None)
            hint = f" (лежит в папке: {nested}; файлы должны быть в корне архива)" if nested else ""
            archive.errors.append(f"{name}: нет в корне архива{hint}")


def _check_texts(archive: Archive) -> None:
    for name, raw in archive.files.items():
        if not name.endswith(TEXT_ENDS):
            continue
        if raw.startswith(b"\xef\xbb\xbf"):
            archive.errors.append(f"{name}: файл с BOM")
        if b"\r" in raw:
            archive.errors.append(f"{name}: переводы строк не \\n")
        try:
            raw.decode()
        except UnicodeDecodeError:
            archive.errors.append(f"{name}: не UTF-8")


def _json(archive: Archive, name: str) -> Row:
    try:
        document = json.loads(archive.files[name])
    except KeyError:
        archive.errors.append(f"{name}: файла нет")
    except ValueError as error:
        archive.errors.append(f"{name}: не JSON ({error})")
    else:
        if isinstance(document, dict):
            return document
        archive.errors.append(f"{name}: ожидается объект")
    return {}


# --- manifest ---


def _check_manifest(archive: Archive) -> None:
    manifest, complain = archive.manifest, archive.errors.append
    widget = _part(archive, "widget", manifest.get("widget"))
    for key in ("name", "description", "short_description"):
        if not isinstance(widget.get(key), str):
            complain(f"manifest.json: widget.{key} обязателен")
    if not isinstance(widget.get("version"), str):
        complain("manifest.json: widget.version должна быть строкой")
    if widget.get("interface_version") != 2:
        complain("manifest.json: widget.interface_version должна быть 2")
    if not isinstance(widget.get("installation"), bool):
        complain("manifest.json: widget.installation обязателен (true или false)")
    if not isinstance(widget.get("init_once", False), bool):
        complain("manifest.json: widget.init_once — true или false")
    locales = widget.get("locale")
    if not isinstance(locales, list) or not locales or not set(map(str, locales)) <= LOCALES:
        complain("manifest.json: widget.locale — список из ru, en, es, pt")
    support = widget.get("support")
    if not isinstance(support, dict) or not (support.get("link") or support.get("email")):
        complain("manifest.json: widget.support.link обязателен (или email)")
    _check_locations(archive)
    _check_tour(archive)
    _check_settings(archive, "settings", required=bool(widget.get("installation")))
    if "digital_pipeline" in _locations(archive):
        _check_dp(archive)
    if "advanced_settings" in _locations(archive) and not _part(
        archive, "advanced", manifest.get("advanced")
    ).get("title"):
        complain("manifest.json: advanced.title обязателен с advanced_settings")


def _check_locations(archive: Archive) -> None:
    given = archive.manifest.get("locations")
    if not isinstance(given, list) or not given:
        archive.errors.append("manifest.json: locations обязателен")
        return
    archive.errors += [
        f"manifest.json: неизвестная область {name}" for name in given if name not in LOCATIONS
    ]


def _check_tour(archive: Archive) -> None:
    tour = _part(archive, "tour", archive.manifest.get("tour"))
    if tour.get("is_tour") is not True:
        archive.errors.append("manifest.json: tour.is_tour должен быть true")
    if not isinstance(tour.get("tour_description"), str):
        archive.errors.append("manifest.json: tour.tour_description обязателен")
    images = tour.get("tour_images")
    if not isinstance(images, dict) or not images:
        archive.errors.append("manifest.json: tour.tour_images обязателен")


def _check_settings(archive: Archive, name: str, *, required: bool) -> None:
    given = archive.manifest.get(name)
    if given is None and not required:
        return
    if not isinstance(given, dict):
        archive.errors.append(f"manifest.json: {name} обязателен")
        return
    kinds = []
    for code, setting in given.items():
        if not isinstance(setting, dict) or not isinstance(setting.get("name"), str):
            archive.errors.append(f"manifest.json: {name}.{code}.name обязателен")
            continue
        kinds.append(setting.get("type"))
        if setting.get("type") not in SETTING_TYPES:
            archive.errors.append(f"manifest.json: {name}.{code}.type неизвестен")
        if not isinstance(setting.get("required"), bool):
            archive.errors.append(f"manifest.json: {name}.{code}.required — true или false")
    if kinds.count("custom") > 1:
        archive.errors.append(f"manifest.json: {name}: поле custom может быть одно")


def _check_dp(archive: Archive) -> None:
    dp = _part(archive, "dp", archive.manifest.get("dp"))
    if not isinstance(dp.get("action_multiple"), bool):
        archive.errors.append("manifest.json: dp.action_multiple обязателен")
    for code, setting in _part(archive, "dp.settings", dp.get("settings")).items():
        if not isinstance(setting, dict) or setting.get("type") not in SETTING_TYPES:
            archive.errors.append(f"manifest.json: dp.settings.{code}.type неизвестен")
    address = dp.get("webhook_url")
    if address is None:
        return
    parts = urlsplit(str(address))
    # A product on this very machine has no certificate; any other address must be https.
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        archive.errors.append("manifest.json: dp.webhook_url должен быть https")


def _locations(archive: Archive) -> list[Any]:
    given = archive.manifest.get("locations")
    return given if isinstance(given, list) else []


def _part(archive: Archive, name: str, value: Any) -> Row:
    if isinstance(value, dict):
        return value
    archive.errors.append(f"manifest.json: {name} обязателен")
    return {}


# --- languages ---


def _check_i18n(archive: Archive) -> None:
    locales = archive.manifest.get("widget", {}).get("locale")
    for locale in locales if isinstance(locales, list) else []:
        archive.i18n[str(locale)] = _json(archive, f"i18n/{locale}.json")
    shapes = {locale: _paths(words) for locale, words in archive.i18n.items()}
    everything = set().union(*shapes.values()) if shapes else set()
    for locale, paths in shapes.items():
        archive.errors += [f"i18n/{locale}.json: нет ключа {path}" for path in sorted(everything - paths)]
    for path in _texts(archive.manifest):
        archive.errors += [
            f"i18n/{locale}.json: нет текста {path}, названного в manifest.json"
            for locale, paths in shapes.items()
            if path not in paths
        ]


def _texts(manifest: Row) -> list[str]:
    """The i18n paths that the manifest names."""
    found = [manifest.get("widget", {}).get(key) for key in ("name", "description", "short_description")]
    found.append((manifest.get("tour") or {}).get("tour_description"))
    found.append((manifest.get("advanced") or {}).get("title"))
    dp = manifest.get("dp") or {}
    found.append(dp.get("title"))
    for group in (manifest.get("settings") or {}, dp.get("settings") or {}):
        found += [setting.get("name") for setting in group.values() if isinstance(setting, dict)]
    return [path for path in found if isinstance(path, str)]


def _paths(words: Any, prefix: str = "") -> set[str]:
    if not isinstance(words, dict):
        return {prefix}
    return {
        path
        for key, part in words.items()
        for path in _paths(part, f"{prefix}.{key}" if prefix else str(key))
    }


# --- pictures ---


def _check_pictures(archive: Archive) -> None:
    wanted = dict(PICTURES)
    if "digital_pipeline" in _locations(archive):
        wanted["logo_dp"] = DP_PICTURE
    for name, size in wanted.items():
        path = next(
            (f"images/{name}{end}" for end in PICTURE_ENDS if f"images/{name}{end}" in archive.files), None
        )
        if path is None:
            archive.errors.append(f"images/{name}.png: нет (нужна {size[0]}×{size[1]})")
        else:
            _check_picture(archive, path, size)
    tours = (archive.manifest.get("tour") or {}).get("tour_images")
    for listed in tours.values() if isinstance(tours, dict) else []:
        for address in listed if isinstance(listed, list) else [listed]:
            path = str(address).lstrip("/")
            if path in archive.files:
                _check_picture(archive, path, TOUR_PICTURE)
            else:
                archive.errors.append(f"{path}: нет, хотя назван в tour.tour_images")


def _check_picture(archive: Archive, path: str, size: tuple[int, int]) -> None:
    raw = archive.files[path]
    if len(raw) > MAX_PICTURE:
        archive.errors.append(f"{path}: больше 300 КБ")
    found = picture_size(raw)
    if found is None:
        archive.errors.append(f"{path}: не png, jpg или gif")
    elif found != size:
        archive.errors.append(f"{path}: {found[0]}×{found[1]}, нужна {size[0]}×{size[1]}")


def picture_size(raw: bytes) -> tuple[int, int] | None:
    """Width and height from the header of a PNG, GIF or JPEG."""
    if raw[:8] == b"\x89PNG\r\n\x1a\n" and len(raw) >= 24:
        width, height = struct.unpack(">II", raw[16:24])
        return width, height
    if raw[:4] == b"GIF8" and len(raw) >= 10:
        width, height = struct.unpack("<HH", raw[6:10])
        return width, height
    if raw[:2] == b"\xff\xd8":
        return _jpeg_size(raw)
    return None


def _jpeg_size(raw: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 < len(raw) and raw[place] == 0xFF:
        marker, length = raw[place + 1], struct.unpack(">H", raw[place + 2 : place + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", raw[place + 5 : place + 9])
            return width, height
        place += 2 + length
    return None
