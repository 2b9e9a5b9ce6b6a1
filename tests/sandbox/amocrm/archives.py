"""Widget archives for tests: pictures of exact sizes made byte by byte, a small honest widget."""

import io
import json
import struct
import zipfile
import zlib
from typing import Any

from sandbox.amocrm.archive import PICTURES

SCRIPT = """
var needs = ['jquery', 'underscore', 'lib/components/base/modal', './lib/words.js'];
define(needs, function ($, _, Modal, words) {
  return function CustomWidget() {
    var self = this;
    function log(step) {
      var card = APP.data.current_card;
      window.trace = (window.trace || []).concat(step + ':' + (card ? card.id : '-'));
    }
    function fill($body) {
      var note = _.escape(self.get_settings().note || '');
      $body.trigger('modal:loaded').html('<h2>' + note + '</h2>').trigger('modal:centrify');
    }
    this.callbacks = {
      render: function () {
        log('render');
        if (self.system().area !== 'lcard') return true;
        self.render_template({
          caption: { class_name: 'tiny-caption' },
          body: '<link rel="stylesheet" href="' + self.params.path + '/style.css">',
          render: '<p class="tiny">{{ hello }}, ' + words.who + '<button class="js-tiny">Открыть</button></p>'
        }, { hello: self.i18n('widget.hello') });
        return true;
      },
      bind_actions: function () {
        log('bind_actions');
        $(document).on('click.tiny', '.js-tiny', function () {
          new Modal({ class_name: 'tiny-modal', init: fill });
        });
        return true;
      },
      init: function () { log('init'); return true; },
      destroy: function () { log('destroy'); $(document).off('.tiny'); },
      settings: function ($body) { $body.append('<p class="tiny-settings">настройки</p>'); return true; },
      onSave: function (data) { window.saved = data; return true; },
      advancedSettings: function () {
        $('#list_page_holder').html('<p class="tiny-advanced">страница</p>');
        return true;
      }
    };
    return this;
  };
});
"""


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    line = b"\x00" + b"\x4c\x8b\xf7" * width
    body = zlib.compress(line * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def manifest(**widget: Any) -> dict[str, Any]:
    return {
        "widget": {
            "name": "widget.name",
            "description": "widget.description",
            "short_description": "widget.short_description",
            "version": "1.0.0",
            "interface_version": 2,
            "init_once": False,
            "locale": ["ru"],
            "installation": True,
            "support": {"link": "https://pay.example.ru/help", "email": ""},
            **widget,
        },
        "locations": ["lcard-1", "settings", "advanced_settings"],
        "tour": {
            "is_tour": True,
            "tour_images": {"ru": ["/images/tour_1_ru.png"]},
            "tour_description": "widget.tour_description",
        },
        "settings": {"note": {"name": "settings.note", "type": "text", "required": False}},
        "advanced": {"title": "advanced.title"},
    }


def words() -> dict[str, Any]:
    return {
        "widget": {
            "name": "Малый виджет",
            "description": "Показывает, что хост жив",
            "short_description": "Проверка хоста",
            "tour_description": "Один экран",
            "hello": "Привет",
        },
        "settings": {"note": "Подпись"},
        "advanced": {"title": "Страница виджета"},
    }


def widget_files(**widget: Any) -> dict[str, bytes]:
    """The files of a good widget; change one to make a bad one."""
    files = {f"images/{name}.png": png(*size) for name, size in PICTURES.items()}
    files["images/tour_1_ru.png"] = png(1188, 616)
    files["manifest.json"] = json.dumps(manifest(**widget), ensure_ascii=False).encode()
    files["i18n/ru.json"] = json.dumps(words(), ensure_ascii=False).encode()
    files["script.js"] = SCRIPT.encode()
    files["lib/words.js"] = b"define([], function () { return { who: '\xd0\xbc\xd0\xb8\xd1\x80' }; });\n"
    files["style.css"] = b".tiny { padding: 12px; }\n"
    return files


def packed(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return raw.getvalue()
