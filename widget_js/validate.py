"""Checks a widget archive against amoCRM's rules for upload and moderation.

    python widget_js/validate.py widget.zip        (or a folder such as widget_js/dist)

`problems` is pure: files by name in, sentences out; no sentence means that the archive may be uploaded. The
rules are those of the platform's pages on the structure of an integration, its areas and its requirements.
"""

import json
import re
import struct
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PLACEHOLDER = b"https://grafik.invalid"
TEXTS = (".json", ".js", ".css", ".twig", ".html")
ROOTS = {"manifest.json", "script.js", "style.css", "i18n", "images", "templates", "lib"}
LOCALES = {"ru", "en", "es", "pt"}
IMAGE_LIMIT = 300 * 1024
IMAGES = {
    "logo_main": (400, 272),
    "logo_small": (108, 108),
    "logo": (130, 100),
    "logo_medium": (240, 84),
    "logo_min": (84, 84),
}
DP_IMAGE = (174, 109)
TOUR_IMAGE = (1188, 616)
SLOTTED = {"lcard", "ccard", "comcard", "cucard", "llist", "clist", "culist", "tlist"}
LOCATIONS = {
    *SLOTTED,
    *(f"{name}-{slot}" for name in SLOTTED for slot in "01"),
    *(
        "settings",
        "advanced_settings",
        "card_sdk",
        "catalogs",
        "digital_pipeline",
        "lead_sources",
        "whatsapp_modal",
    ),
    *("salesbot_designer", "sms", "mobile_card", "amoforms", "everywhere", "widget_page", "personal_page"),
}
SETTING_TYPES = {"text", "pass", "users", "users_lp", "custom"}
BOT_TYPES = {"text", "numeric", "url"}
ALWAYS_CALLED = ("render", "init", "bind_actions", "onSave", "destroy")
CALLED_BY = {
    "settings": ("settings",),
    "advanced_settings": ("advancedSettings",),
    "digital_pipeline": ("dpSettings",),
    "salesbot_designer": ("onSalesbotDesignerSave", "salesbotDesignerSettings"),
    "card_sdk": ("loadPreloadedData", "loadElements", "linkCard", "searchDataInCard"),
    "catalogs": ("loadCatalogElement",),
    "lead_sources": ("onSource", "onAddAsSource"),
}
NEEDS_PART = {
    "advanced_settings": "advanced",
    "digital_pipeline": "dp",
    "salesbot_designer": "salesbot_designer",
    "mobile_card": "mobile",
    "sms": "sms",
    "amoforms": "amoforms_settings",
}
BANNED = {
    r"\beval\s*\(|\bnew Function\b": "runs text as code",
    r"\b(alert|confirm|prompt)\s*\(": "uses the browser's own dialogs",
    r"\bconsole\.(?!debug\b)": "writes to the console",
    r"\basync\s*:\s*false": "makes a synchronous call",
    r"\bdocument\.write\b|createElement\(\s*['\"]script": "brings in another script",
    r"\b(APP|AMOCRM)\.[\w.]+\s*=(?!=)": "writes to amoCRM's globals",
    r"\bfor(Each)?\s*\([^{}]{0,200}(crm_post|\$authorizedAjax)\b": "calls the server inside a loop",
    r"\bAMOCRM\b": "uses the deprecated name of APP",
    r"<script\b": "brings in another script",
    r"js-widget-(install|uninstall|save)\b": "touches amoCRM's own buttons",
}

Files = Mapping[str, bytes]


def problems(files: Files) -> list[str]:
    """Every rule that `files` (path inside the archive → content) breaks; empty when it may go up."""
    found = [*_layout(files), *_encoding(files)]
    manifest = _object(files, "manifest.json")
    if manifest is None:
        return [*found, "manifest.json is not a JSON object"]
    found += [*_widget(manifest), *_locations(files, manifest), *_tour(manifest), *_settings(manifest)]
    found += [*_languages(files, manifest), *_images(files, manifest), *_moderation(files)]
    found += _own_style(files)
    return found


def read(path: Path) -> dict[str, bytes]:
    """The files of a zip or of a folder by their paths inside it."""
    if path.is_dir():
        return {
            str(one.relative_to(path)): one.read_bytes() for one in sorted(path.rglob("*")) if one.is_file()
        }
    with zipfile.ZipFile(path) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist() if not entry.is_dir()}


def _layout(files: Files) -> Iterator[str]:
    for name in ("manifest.json", "script.js"):
        if name not in files:
            yield f"{name} is not at the root of the archive"
    for root in sorted({name.split("/")[0] for name in files} - ROOTS):
        yield f"{root} does not belong into the archive"


def _encoding(files: Files) -> Iterator[str]:
    for name, content in files.items():
        if not name.endswith(TEXTS):
            continue
        if content.startswith(b"\xef\xbb\xbf"):
            yield f"{name} begins with a byte order mark"
        if b"\r" in content:
            yield f"{name} has line ends other than \\n"
        try:
            content.decode()
        except UnicodeDecodeError:
            yield f"{name} is not UTF-8"


def _widget(manifest: dict[str, Any]) -> Iterator[str]:
    widget = _part(manifest, "widget")
    for key in ("name", "description", "short_description"):
        if not isinstance(widget.get(key), str):
            yield f"widget.{key} is not a path into i18n"
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(widget.get("version", ""))):
        yield "widget.version is not of the form 1.2.3"
    if widget.get("interface_version") != 2:
        yield "widget.interface_version is not 2"
    for key in ("init_once", "installation"):
        if not isinstance(widget.get(key), bool):
            yield f"widget.{key} is neither true nor false"
    if widget.get("is_showcase") and widget.get("installation"):
        yield "widget.is_showcase needs widget.installation to be false"
    for key in ("code", "secret_key"):
        if key in widget:
            yield f"widget.{key} is of old widgets: amoCRM makes the code itself"
    locales = widget.get("locale")
    if not isinstance(locales, list) or not locales or not set(locales) <= LOCALES:
        yield "widget.locale is not a list of ru, en, es, pt"
    support = _part(widget, "support")
    if not support.get("link") and not support.get("email"):
        yield "widget.support names neither a link nor an e-mail"
    if support.get("link") and not _safe_address(str(support["link"])):
        yield "widget.support.link is not an https address"
    if widget.get("installation") and not isinstance(manifest.get("settings"), dict):
        yield "settings are missing although widget.installation is true"


def _locations(files: Files, manifest: dict[str, Any]) -> Iterator[str]:
    locations = manifest.get("locations")
    if not isinstance(locations, list) or not locations:
        yield "locations is not a list of areas"
        return
    script = files.get("script.js", b"").decode(errors="replace")
    for name in locations:
        if name not in LOCATIONS:
            yield f"location {name} is unknown"
        for callback in CALLED_BY.get(name, ()):
            if not _has_callback(script, callback):
                yield f"location {name} is listed but script.js has no {callback}"
        part = NEEDS_PART.get(name)
        if part and not isinstance(manifest.get(part), dict):
            yield f"location {name} needs {part} in the manifest"
    if "advanced_settings" in locations and not isinstance(_part(manifest, "advanced").get("title"), str):
        yield "advanced.title is not a path into i18n"
    areas = [str(name).removesuffix("-0").removesuffix("-1") for name in locations]
    yield from (f"location {name} is listed twice" for name in sorted(set(areas)) if areas.count(name) > 1)
    for callback in ALWAYS_CALLED:
        if not _has_callback(script, callback):
            yield f"script.js has no callback {callback}"
    yield from _automation(manifest)
    yield from _phone(manifest, locations)


def _automation(manifest: dict[str, Any]) -> Iterator[str]:
    """The form of a digital-pipeline trigger and the steps of a Salesbot."""
    dp = _part(manifest, "dp")
    if dp and not isinstance(dp.get("action_multiple"), bool):
        yield "dp.action_multiple is neither true nor false"
    if dp and not dp.get("settings"):
        yield "dp.settings are missing"
    if dp.get("webhook_url") and not _safe_address(str(dp["webhook_url"])):
        yield "dp.webhook_url is not an https address"
    for handler, one in _part(manifest, "salesbot_designer").items():
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            yield f"salesbot_designer.{handler} has no name"
            continue
        for code, setting in _part(one, "settings").items():
            if not isinstance(setting, dict) or setting.get("type") not in BOT_TYPES:
                yield f"salesbot_designer.{handler}.{code} has an unknown type"
            elif not isinstance(setting.get("name"), str):
                yield f"salesbot_designer.{handler}.{code} has no name"


def _phone(manifest: dict[str, Any], locations: list[Any]) -> Iterator[str]:
    mobile = _part(manifest, "mobile")
    if "mobile_card" not in locations:
        return
    if not _safe_address(str(mobile.get("frame_url", ""))):
        yield "mobile.frame_url is not an https address"
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", str(mobile.get("color", ""))):
        yield "mobile.color is not of the form #1a2b3c"


def _tour(manifest: dict[str, Any]) -> Iterator[str]:
    tour = _part(manifest, "tour")
    if tour.get("is_tour") is not True:
        yield "tour.is_tour is not true"
    if not isinstance(tour.get("tour_description"), str):
        yield "tour.tour_description is not a path into i18n"
    images = _part(tour, "tour_images")
    for locale in _part(manifest, "widget").get("locale") or []:
        if not images.get(locale):
            yield f"tour.tour_images has no picture for {locale}"


def _settings(manifest: dict[str, Any]) -> Iterator[str]:
    for where in (_part(manifest, "settings"), _part(_part(manifest, "dp"), "settings")):
        for code, setting in where.items():
            if not isinstance(setting, dict) or setting.get("type") not in SETTING_TYPES:
                yield f"setting {code} has an unknown type"
            elif not isinstance(setting.get("required"), bool) or not isinstance(setting.get("name"), str):
                yield f"setting {code} lacks its name or required"
        if [one.get("type") for one in where.values() if isinstance(one, dict)].count("custom") > 1:
            yield "more than one setting is of the type custom"


def _languages(files: Files, manifest: dict[str, Any]) -> Iterator[str]:
    texts = {}
    for locale in _part(manifest, "widget").get("locale") or []:
        content = _object(files, f"i18n/{locale}.json")
        if content is None:
            yield f"i18n/{locale}.json is missing or not a JSON object"
        else:
            texts[locale] = dict(_leaves(content))
    every = set().union(*texts.values()) if texts else set()
    for locale, known in texts.items():
        yield from (f"i18n/{locale}.json lacks {path}" for path in sorted(every - set(known)))
        yield from (
            f"i18n/{locale}.json: {path} is not a text" for path, text in known.items() if not _is_text(text)
        )
        yield from (
            f"i18n/{locale}.json lacks {path}, which the manifest names" for path in _named(manifest) - every
        )
        if "amocrm" in str(known.get(_part(manifest, "widget").get("name", ""), "")).lower():
            yield f"i18n/{locale}.json: the name of an integration may not contain amoCRM"


def _named(manifest: dict[str, Any]) -> set[str]:
    """The i18n paths that the manifest itself uses."""
    widget, tour, dp = _part(manifest, "widget"), _part(manifest, "tour"), _part(manifest, "dp")
    paths = [widget.get("name"), widget.get("description"), widget.get("short_description")]
    paths += [tour.get("tour_description"), dp.get("title"), _part(manifest, "advanced").get("title")]
    bots = _part(manifest, "salesbot_designer")
    steps = [one for one in bots.values() if isinstance(one, dict)]
    wheres = [_part(manifest, "settings"), _part(dp, "settings"), bots]
    for where in (*wheres, *(_part(one, "settings") for one in steps)):
        paths += [one.get("name") for one in where.values() if isinstance(one, dict)]
    return {path for path in paths if isinstance(path, str)}


def _images(files: Files, manifest: dict[str, Any]) -> Iterator[str]:
    wanted = {f"images/{name}.png": size for name, size in IMAGES.items()}
    if "digital_pipeline" in (manifest.get("locations") or []):
        wanted["images/logo_dp.png"] = DP_IMAGE
    for pictures in _part(_part(manifest, "tour"), "tour_images").values():
        for path in pictures if isinstance(pictures, list) else [pictures]:
            wanted[str(path).lstrip("/")] = TOUR_IMAGE
    for path, size in wanted.items():
        content = files.get(path)
        if content is None:
            yield f"{path} is missing"
        elif _png_size(content) != size:
            yield f"{path} is not a PNG of {size[0]}×{size[1]}"
        elif len(content) > IMAGE_LIMIT:
            yield f"{path} is larger than 300 KB"


def _own_style(files: Files) -> Iterator[str]:
    """Every selector below one root class, no variable of amoCRM's set anew."""
    css = files.get("style.css", b"").decode(errors="replace")
    plain = re.sub(
        r"@keyframes[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    )
    selectors = [one.strip() for group in re.findall(r"([^{}]+)\{", plain) for one in group.split(",")]
    roots = {
        match[1] if (match := re.match(r"(?::root\[[^\]]*\]\s*)?\.([a-z][\w]*)", one)) else one
        for one in selectors
        if one and not one.startswith("@") and "(" not in one.split(".")[0]
    }
    if len(roots) > 1:
        yield f"style.css has rules outside one root class: {', '.join(sorted(roots))}"
    if re.search(r"--palette[\w-]*\s*:", plain):
        yield "style.css sets a variable of amoCRM anew"


def _moderation(files: Files) -> Iterator[str]:
    for name, content in files.items():
        if not name.endswith(".js"):
            continue
        for pattern, what in BANNED.items():
            if re.search(pattern, content.decode(errors="replace")):
                yield f"{name} {what}"


def _has_callback(script: str, name: str) -> bool:
    return re.search(rf"\b{name}\s*(:\s*(async\s+)?function\b|\([^)]*\)\s*\{{|:\s*\()", script) is not None


def _safe_address(address: str) -> bool:
    """https, or plain http on this machine, where an installation for trials has no certificate."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost")


def _png_size(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or len(content) < 24:
        return None
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _object(files: Files, name: str) -> dict[str, Any] | None:
    try:
        content = json.loads(files[name])
    except (KeyError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _part(whole: dict[str, Any], key: str) -> dict[str, Any]:
    part = whole.get(key)
    return part if isinstance(part, dict) else {}


def _leaves(node: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def main(path: Path) -> int:
    """Prints every problem; the exit status is 1 when there is one."""
    files = read(path)
    found = problems(files)
    if path.is_file():
        if path.name != "widget.zip":
            found.append(f"{path.name}: the archive must be called widget.zip")
        found += [f"{name} still has the placeholder address" for name in files if PLACEHOLDER in files[name]]
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
