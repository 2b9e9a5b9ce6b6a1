"""What every call to a provider has in common: one row in hand, when its key was first heard, how it may end.

A key protects for `request_id_lives` after it was first sent; that moment is committed before the call, so a
killed worker's successor knows that the effect may exist.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from billing.models import ProviderCall
from billing.providers.base import Provider

# Below the lease of a row (crm.queues), so that no row is in two hands.
TIMEOUT_SECONDS = 25.0


class NeedsPerson(Exception):
    """The call cannot go on by itself; the message says why."""


class NotYet(Exception):
    """Nothing is wrong, but it is too early; look again `after` that time, or in the queue's own steps."""

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


@dataclass(frozen=True)
class Call:
    """One row in a worker's hands."""

    row: ProviderCall
    provider: Provider
    at: datetime

    @property
    def is_forgotten(self) -> bool:
        """The provider heard of the key so long ago that a repeat would be another effect."""
        called_at = self.row.called_at
        return called_at is not None and self.at - called_at >= self.provider.request_id_lives

    def begin(self) -> None:
        """Commit that the provider is about to hear of the key; NeedsPerson if it heard too long ago."""
        if self.is_forgotten:
            self.start_anew()
            raise NeedsPerson(_("Nobody knows whether it was done: see the provider's panel."))
        if self.row.called_at is None:
            self.row.called_at = self.at
            self.row.save(update_fields=["called_at"])

    def forget(self) -> None:
        """The provider surely never heard of the key."""
        self.row.called_at = None
        self.row.save(update_fields=["called_at"])

    def start_anew(self) -> None:
        """Take another key for a person's next try: this one is answered already, or forgotten."""
        self.row.key = f"{self.row.key.split('#')[0]}#{self.row.attempts + 1}"
        self.row.called_at = None
        self.row.save(update_fields=["key", "called_at"])
