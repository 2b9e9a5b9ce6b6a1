"""Columns that only this installation can read: texts, and bytes as they came.

Values are encrypted by the first of FIELD_KEYS and decrypted by any of them (key rotation: put the new key
first). Fails closed: a value that no key opens raises instead of coming back as ciphertext.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(value: bytes) -> bytes:
    """Bytes as a column of this kind keeps them, for statements that are written by hand."""
    return _box(settings.FIELD_KEYS).encrypt(value) if value else value


def unseal(value: bytes) -> bytes:
    """What was sealed. Raises InvalidToken when no key fits."""
    return _box(settings.FIELD_KEYS).decrypt(value) if value else value


if TYPE_CHECKING:
    TextField = models.TextField[str, str]
    BinaryField = models.BinaryField[bytes, bytes]
else:
    TextField = models.TextField
    BinaryField = models.BinaryField


class EncryptedTextField(TextField):
    """Text that is stored encrypted; an empty text is stored empty. Raises InvalidToken when no key fits."""

    def get_prep_value(self, value: Any) -> Any:
        return _box(settings.FIELD_KEYS).encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return _box(settings.FIELD_KEYS).decrypt(value.encode()).decode() if value else value


class EncryptedBinaryField(BinaryField):
    """Bytes that are stored encrypted; none are stored as none. Raises InvalidToken when no key fits."""

    def get_prep_value(self, value: Any) -> Any:
        return seal(bytes(value)) if value is not None else None

    def from_db_value(
        self, value: bytes | memoryview | None, expression: object, connection: object
    ) -> bytes | None:
        return unseal(bytes(value)) if value is not None else None
