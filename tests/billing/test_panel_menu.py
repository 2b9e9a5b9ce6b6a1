"""One word for one thing: what the menu, a page's title and the guides call it."""

from pathlib import Path
from typing import Any, cast

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import translation
from django.utils.text import capfirst

from analytics.words import provider_word
from billing.models import MerchantAccount
from tests.catalogue import ROOT
from tests.test_catalogue import one, read, translations

GUIDES = sorted((Path(ROOT) / "docs" / "guide").glob("*.md"))


def menu() -> dict[str, str]:
    """Titles of the menu by address, in Russian."""
    with translation.override("ru"):
        sections: Any = cast(Any, settings.UNFOLD)["SIDEBAR"]["navigation"]
        items = [item for section in sections for item in section["items"] if not callable(item["link"])]
        return {str(item["link"]): str(item["title"]) for item in items}


def test_the_menu_calls_a_list_as_its_page_does() -> None:
    titles, differing = menu(), {}
    with translation.override("ru"):
        for model in apps.get_models():
            meta = model._meta
            if meta.app_label in ("billing", "crm", "analytics"):
                title = titles.get(f"/admin/{meta.app_label}/{meta.model_name}/", "")
                # A menu may cut the end of a long name.
                if not capfirst(str(meta.verbose_name_plural)).startswith(title):
                    differing[title] = str(meta.verbose_name_plural)
    assert differing == {}
    assert len(titles) > 30


def test_every_title_of_the_menu_begins_with_a_capital() -> None:
    assert [title for title in menu().values() if title[0].islower()] == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_says_the_product_s_own_words(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    for word in ("Robokassa", "Рабочий календарь", "«ключи API»"):
        assert word not in text


def test_a_payment_system_has_one_name_everywhere() -> None:
    russian = read(ROOT / "locale" / "ru" / "LC_MESSAGES" / "django.po")
    foreign = [one(message) for message in russian.values() if "Robokassa" in " ".join(translations(message))]
    assert foreign == []
    with translation.override("ru"):
        assert provider_word("robokassa") == "Робокасса"
        label = dict(MerchantAccount._meta.get_field("provider").flatchoices)["robokassa"]
        assert translation.gettext(label) == "Робокасса"
