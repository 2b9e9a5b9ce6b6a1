"""Fixtures of crm's tests. What they make stands in tests/crm/school.py, which may be imported only after the
private servers have started: pytest reads this file before.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django import Settings

    from crm.models import Account, Deal
    from tests.crm.school import Amocrm


@pytest.fixture
def amocrm(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Amocrm]:
    """The emulated account behind a real socket; AMOCRM_URL leads there."""
    from tests.crm import school

    yield from school.emulated(tmp_path, settings, monkeypatch)


@pytest.fixture
def account(db: None) -> Account:
    """Our side of the demo school, connected by its long-lived token."""
    from tests.crm import school

    return school.make_account()


@pytest.fixture
def deal(account: Account) -> Deal:
    """The mirrored first deal of the school."""
    from tests.crm import school

    return school.make_deal(account)
