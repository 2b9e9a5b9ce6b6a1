"""What a provider tells us by itself: how it comes, what it says in our words, what we answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self


class NoticeKind(StrEnum):
    CHECK = "check"
    PAY = "pay"
    FAIL = "fail"
    CONFIRM = "confirm"
    REFUND = "refund"
    CANCEL = "cancel"
    RECEIPT = "receipt"
    RECURRENT = "recurrent"
    # A second, separately signed word about a payment that PAY tells of too.
    SIGNED_STATE = "result2"


class Verdict(StrEnum):
    """What we tell the provider about its notice; the adapter knows its words for it."""

    ACCEPTED = "accepted"
    UNKNOWN_ORDER = "unknown_order"
    ANOTHER_PAYER = "another_payer"
    WRONG_AMOUNT = "wrong_amount"
    NOT_ACCEPTED = "not_accepted"
    EXPIRED = "expired"
    FORGED = "forged"
    MALFORMED = "malformed"
    NOT_STORED = "not_stored"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A notice as it came: `body` or `query` (behind the question mark) are the signed bytes.

    `received_at` is there where a signature is only good for a time. `address` is the sender's; `size` that
    of a body which was too long to be read.
    """

    method: str
    body: bytes
    query: bytes
    headers: Mapping[str, str]
    content_type: str
    received_at: datetime | None = None
    address: str = ""
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: str | bytes
    content_type: str


@dataclass(frozen=True, kw_only=True)
class NoticeRead:
    """A genuine notice in our words; `external_id` tells it from every other notice of its kind in this shop.

    `at` is the provider's moment of the fact. `held` is money that is only reserved, `payout` money that the
    shop sent to a card. A refund names the payment that it takes back in `payment_external_id`. A receipt
    notice carries the provider's receipt id as `external_id`, the printed copy as `url` and {fn, fd, fpd} as
    `fiscal`.
    """

    kind: NoticeKind
    external_id: str
    order_number: str = ""
    account_id: str = ""
    email: str = ""
    amount: Decimal = Decimal("0.00")
    currency: str = "RUB"
    at: datetime | None = None
    test: bool = False
    held: bool = False
    payout: bool = False
    method: str = ""
    payment_external_id: str = ""
    reason: str = ""
    reason_code: str = ""
    url: str = ""
    fiscal: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The shape that billing.models.Notice keeps."""
        at = None if self.at is None else self.at.isoformat()
        said = {**vars(self), "fiscal": dict(self.fiscal)}
        return {**said, "kind": str(self.kind), "amount": str(self.amount), "at": at}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        at = None if value["at"] is None else datetime.fromisoformat(value["at"])
        return cls(
            **{**value, "kind": NoticeKind(value["kind"]), "amount": Decimal(value["amount"]), "at": at}
        )


@dataclass(frozen=True, kw_only=True)
class SavedCard:
    """A card that the payer let us keep. `token` opens it and nothing else of it is ours to know."""

    token: str
    mask: str
    kind: str = ""
    expires: str = ""
