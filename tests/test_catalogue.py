"""Every text that people read has its Russian."""

import re
from pathlib import Path

import django
import pytest
from babel.messages import pofile
from babel.messages.catalog import Catalog, Message
from django.apps import apps

from tests.catalogue import (
    ROOT,
    Asked,
    asked_by_the_admin,
    asked_by_the_api,
    asked_by_the_panel,
    asked_by_us,
)

Texts = dict[tuple[str | None, str], Message]


def read(path: Path) -> Texts:
    with path.open("rb") as file:
        catalogue: Catalog = pofile.read_po(file, locale="ru")
    return {(message.context, one(message)): message for message in catalogue if message.id}


def one(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


def translations(message: Message) -> tuple[str, ...]:
    texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return tuple(text or "" for text in texts)


def stored_labels() -> set[tuple[None, str]]:
    """The labels that Django makes of stored words; the panel translates them when it shows them."""
    models = [model for app in ("crm", "billing") for model in apps.get_app_config(app).get_models()]
    columns = [column for model in models for column in model._meta.concrete_fields]
    return {(None, str(label)) for column in columns for _value, label in column.flatchoices}


@pytest.fixture(scope="module")
def russian() -> Texts:
    return read(ROOT / "locale" / "ru" / "LC_MESSAGES" / "django.po")


def without_russian(asked: set[Asked], texts: Texts) -> set[Asked]:
    return {each for each in asked if each[:2] not in texts or not all(translations(texts[each[:2]]))}


def test_no_text_of_ours_is_without_russian(russian: Texts) -> None:
    asked = asked_by_us()
    assert len(asked) > 100
    assert without_russian(asked, russian) == set()


def test_no_text_of_the_panels_framework_is_without_russian(russian: Texts) -> None:
    texts = dict(russian)
    for path in Path(django.__file__).parent.glob("**/locale/ru/LC_MESSAGES/django.po"):
        texts = read(path) | texts
    assert without_russian(asked_by_the_panel(), texts) == set()


def test_no_label_of_a_stored_word_is_without_russian(russian: Texts) -> None:
    assert stored_labels() - set(russian) == set()


def test_nothing_is_fuzzy_or_asked_by_nobody(russian: Texts) -> None:
    frameworks = asked_by_the_panel() | asked_by_the_admin() | asked_by_the_api()
    asked = {each[:2] for each in asked_by_us() | frameworks} | stored_labels()
    assert [key for key, message in russian.items() if message.fuzzy] == []
    assert set(russian) - asked == set()


def test_a_text_and_its_russian_have_the_same_places_to_fill(russian: Texts) -> None:
    places = re.compile(r"%\([a-z_]+\)[a-z]|\{[a-z_]*\}")
    # The framework names formats that people never typed: our words may leave such a place out.
    frameworks = {each[:2] for each in asked_by_the_api()} - {each[:2] for each in asked_by_us()}
    for key, message in russian.items():
        for text in translations(message):
            there, here = set(places.findall(one(message))), set(places.findall(text))
            assert here <= there if key in frameworks else here == there, text


def test_plural_texts_have_every_russian_form(russian: Texts) -> None:
    plural = [message for message in russian.values() if message.pluralizable]
    assert plural
    for message in plural:
        assert len(translations(message)) == 4, one(message)
