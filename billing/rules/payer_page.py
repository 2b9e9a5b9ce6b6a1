"""What a payer may do by himself on his page: the account's rules with their defaults. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True)
class PayerRules:
    """`own_sum`: may pay any part of the debt; `promise_days`: how far ahead he may promise, 0 = not at all.

    `move_days`: how much later than its due date a row may be asked to be paid, 0 = not at all; `moves`: how
    often a deal may ask; `grants`: within these bounds the date moves by itself, else a manager decides.
    """

    own_sum: bool = False
    promise_days: int = 7
    move_days: int = 14
    moves: int = 1
    grants: bool = False

    @property
    def may_promise(self) -> bool:
        return self.promise_days > 0

    def last_promise(self, today: date) -> date:
        """The last day that may be promised."""
        return today + timedelta(days=self.promise_days)

    def last_date(self, due_on: date) -> date:
        """The last day to which a row due on `due_on` may be asked to move."""
        return due_on + timedelta(days=self.move_days)


def read(stored: Mapping[str, Any]) -> PayerRules:
    """Read the account's rules; what it does not say is the default."""
    known = PayerRules.__dataclass_fields__
    return PayerRules(**{name: value for name, value in stored.items() if name in known})
