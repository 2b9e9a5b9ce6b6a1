"""What the tests of money that goes back and of its receipts share.

Read before the servers run, so nothing of ours is imported until a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from unittest import mock

import pytest

if TYPE_CHECKING:
    from tests.billing.refunding import FakeShop


@pytest.fixture
def books_hold() -> Iterator[None]:
    """Whatever a test did, the second witness finds nothing wrong."""
    from billing import verification

    yield
    assert list(verification.violations()) == []


@pytest.fixture
def shop() -> Iterator[FakeShop]:
    from tests.billing.refunding import FakeShop

    fake = FakeShop()
    with mock.patch("billing.providers.of", return_value=fake):
        yield fake
