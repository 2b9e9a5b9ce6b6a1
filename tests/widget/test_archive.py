"""The kept archive passes amoCRM's rules, and the validator finds each rule broken."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from widget_js import validate

DIST = Path(__file__).resolve().parents[2] / "widget_js" / "dist"
Files = dict[str, bytes]


@pytest.fixture
def files() -> Files:
    return validate.read(DIST)


def test_the_kept_archive_breaks_no_rule(files: Files) -> None:
    assert validate.problems(files) == []


def edit_manifest(files: Files, **changes: object) -> None:
    manifest = json.loads(files["manifest.json"])
    for path, value in changes.items():
        *parts, last = path.split("__")
        node = manifest
        for part in parts:
            node = node[part]
        node[last] = value
    files["manifest.json"] = json.dumps(manifest).encode()


def drop_text(files: Files) -> None:
    texts = json.loads(files["i18n/en.json"])
    del texts["panel"]["debt"]
    files["i18n/en.json"] = json.dumps(texts).encode()


def resize(files: Files) -> None:
    picture = files["images/logo_min.png"]
    files["images/logo_min.png"] = picture[:16] + struct.pack(">II", 85, 84) + picture[24:]


def drop_callback(files: Files) -> None:
    files["script.js"] = files["script.js"].replace(b"onSave() {", b"onSaved() {")


def add_script(code: bytes) -> Callable[[Files], None]:
    def edit(files: Files) -> None:
        files["script.js"] += code

    return edit


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda files: files.pop("script.js"), "script.js is not at the root of the archive"),
        (lambda files: files.update({"widget/script.js": b""}), "widget does not belong into the archive"),
        (
            lambda files: files.update({"style.css": b"\xef\xbb\xbf"}),
            "style.css begins with a byte order mark",
        ),
        (lambda files: files.update({"style.css": b"a\r\n"}), "style.css has line ends other than \\n"),
        (lambda files: files.update({"style.css": b"\xff"}), "style.css is not UTF-8"),
        (lambda files: files.update({"manifest.json": b"[]"}), "manifest.json is not a JSON object"),
        (lambda files: edit_manifest(files, widget__version="1"), "widget.version is not of the form 1.2.3"),
        (
            lambda files: edit_manifest(files, widget__interface_version=1),
            "widget.interface_version is not 2",
        ),
        (lambda files: edit_manifest(files, tour__is_tour=False), "tour.is_tour is not true"),
        (lambda files: edit_manifest(files, locations=["lcard-2"]), "location lcard-2 is unknown"),
        (drop_callback, "script.js has no callback onSave"),
        (
            lambda files: edit_manifest(files, dp__action_multiple="no"),
            "dp.action_multiple is neither true nor false",
        ),
        (
            lambda files: edit_manifest(files, dp__webhook_url="http://pay.example.ru/"),
            "dp.webhook_url is not an https address",
        ),
        (
            lambda files: edit_manifest(files, salesbot_designer__payment_link__settings__what__type="list"),
            "salesbot_designer.payment_link.what has an unknown type",
        ),
        (lambda files: edit_manifest(files, mobile__color="blue"), "mobile.color is not of the form #1a2b3c"),
        (
            lambda files: edit_manifest(files, mobile__frame_url=""),
            "mobile.frame_url is not an https address",
        ),
        (
            lambda files: edit_manifest(files, widget__is_showcase=True),
            "widget.is_showcase needs widget.installation to be false",
        ),
        (
            lambda files: edit_manifest(files, widget__secret_key="x"),
            "widget.secret_key is of old widgets: amoCRM makes the code itself",
        ),
        (
            lambda files: edit_manifest(files, tour__tour_description=None),
            "tour.tour_description is not a path into i18n",
        ),
        (
            lambda files: edit_manifest(files, advanced__title=None),
            "advanced.title is not a path into i18n",
        ),
        (
            lambda files: edit_manifest(files, locations=["lcard-0", "lcard-1"]),
            "location lcard is listed twice",
        ),
        (
            lambda files: edit_manifest(files, locations=["lcard-1", "sms"]),
            "location sms needs sms in the manifest",
        ),
        (
            lambda files: edit_manifest(files, locations=["lcard-0", "card_sdk"]),
            "location card_sdk is listed but script.js has no linkCard",
        ),
        (lambda files: files.pop("images/logo_dp.png"), "images/logo_dp.png is missing"),
        (
            lambda files: files.update({"style.css": files["style.css"] + b".button { color: red }"}),
            "style.css has rules outside one root class: button, grafik",
        ),
        (
            lambda files: files.update({"style.css": b".grafik { --palette-text-primary: red }"}),
            "style.css sets a variable of amoCRM anew",
        ),
        (
            add_script(b"for (const one of all) self.$authorizedAjax(one)"),
            "script.js calls the server inside a loop",
        ),
        (add_script(b"AMOCRM.data"), "script.js uses the deprecated name of APP"),
        (
            lambda files: edit_manifest(files, widget__support={"link": "http://help.example.org"}),
            "widget.support.link is not an https address",
        ),
        (
            lambda files: edit_manifest(files, settings__connection__type="label"),
            "setting connection has an unknown type",
        ),
        (
            lambda files: edit_manifest(files, widget__name="widget.title"),
            "i18n/ru.json lacks widget.title, which the manifest names",
        ),
        (drop_text, "i18n/en.json lacks panel.debt"),
        (resize, "images/logo_min.png is not a PNG of 84×84"),
        (lambda files: files.pop("images/tour_1_ru.png"), "images/tour_1_ru.png is missing"),
        (
            lambda files: files.update({"images/logo.png": files["images/logo.png"] + bytes(300 * 1024)}),
            "images/logo.png is larger than 300 KB",
        ),
        (add_script(b"eval('1')"), "script.js runs text as code"),
        (add_script(b"alert(1)"), "script.js uses the browser's own dialogs"),
        (add_script(b"console.log(1)"), "script.js writes to the console"),
        (add_script(b"$.ajax({async: false})"), "script.js makes a synchronous call"),
        (add_script(b"APP.data.x = 1"), "script.js writes to amoCRM's globals"),
    ],
)
def test_each_broken_rule_is_found(files: Files, spoil: Callable[[Files], object], sentence: str) -> None:
    spoil(files)
    assert sentence in validate.problems(files)


def test_an_archive_with_the_placeholder_address_is_refused(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    (tmp_path / "widget.zip").write_bytes(raw.getvalue())
    assert validate.main(tmp_path / "widget.zip") == 1
    assert capsys.readouterr().out.splitlines() == [
        "manifest.json still has the placeholder address",
        "script.js still has the placeholder address",
    ]
