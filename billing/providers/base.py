"""What a payment provider is to us: one interface, plain values in and out, no database.

An adapter translates. How a call can fail is in billing.providers.errors. Money is Decimal roubles with two
places, moments are aware and in UTC. A third provider is a file beside the two, a line in ADAPTERS, a test
class and a page of docs/providers.md.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, Self

from billing.providers.errors import (
    Forged,
    Malformed,
    NotSent,
    ProviderError,
    Refused,
    Unknown,
    Unsupported,
)
from billing.providers.notice import (
    Answer,
    Delivery,
    NoticeKind,
    NoticeRead,
    SavedCard,
    Verdict,
)

__all__ = [
    "Answer",
    "ChargeRequest",
    "Chargeback",
    "CreatedOrder",
    "Delivery",
    "FollowedReceipt",
    "FollowedRefund",
    "Forged",
    "Malformed",
    "NotSent",
    "NoticeKind",
    "NoticeRead",
    "Operation",
    "OperationKind",
    "OperationStatus",
    "OrderRequest",
    "Provider",
    "ProviderError",
    "ReceiptRequest",
    "ReceiptState",
    "RefundRequest",
    "RefundState",
    "Refused",
    "SavedCard",
    "SecondReceiptRequest",
    "SentReceipt",
    "Shop",
    "Unknown",
    "Unsupported",
    "Verdict",
]


class Shop(Protocol):
    """What an adapter needs of a merchant account; billing.models.MerchantAccount is one."""

    @property
    def key(self) -> str: ...

    @property
    def provider(self) -> str: ...

    @property
    def settings(self) -> Any: ...

    @property
    def secrets_json(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class OrderRequest:
    """An order to be made; stored before the call, so that a repeat sends the identical body.

    `number` is our name of the order and comes back in every notice as `order_number`; `account_id` names the
    payer. To `notice_url` goes the second, separately signed notice where there is one. `receipt` is a plan
    of billing.rules.receipts that rides on the order, where the shop wants that.
    After `expires_at` the order should not be payable any more, where the provider can see to it.
    """

    number: str
    request_id: str
    amount: Decimal
    description: str
    account_id: str = ""
    email: str = ""
    phone: str = ""
    success_url: str = ""
    fail_url: str = ""
    notice_url: str = ""
    receipt: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The shape that billing.models.ProviderOrder.request keeps."""
        expires_at = None if self.expires_at is None else self.expires_at.isoformat()
        return {**asdict(self), "amount": str(self.amount), "expires_at": expires_at}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        expires_at = value.get("expires_at")
        moment = datetime.fromisoformat(expires_at) if expires_at else None
        return cls(**{**value, "amount": Decimal(value["amount"]), "expires_at": moment})


@dataclass(frozen=True, kw_only=True)
class CreatedOrder:
    external_id: str
    url: str


class OperationKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"
    PAYOUT = "payout"


class OperationStatus(StrEnum):
    PENDING = "pending"
    HELD = "held"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DECLINED = "declined"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation as the provider knows it now: a row of its registry, the answer to a question.

    `key` is the name by which refunds call it, where that is another than `external_id`. `reason` and
    `reason_code` say in the provider's words why it was declined.
    """

    external_id: str
    kind: OperationKind
    status: OperationStatus
    amount: Decimal
    currency: str
    created_at: datetime
    completed_at: datetime | None = None
    order_number: str = ""
    account_id: str = ""
    payment_external_id: str = ""
    test: bool = False
    method: str = ""
    key: str = ""
    reason: str = ""
    reason_code: str = ""


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    """Money to give back out of one payment.

    `receipt` is a return planned by billing.rules.receipts, and only for a provider whose refund prints it
    (`Provider.prints_refund_receipt`); the others get their return receipt by a call of its own.
    """

    payment_external_id: str
    amount: Decimal
    request_id: str
    receipt: Mapping[str, Any] = field(default_factory=dict)


class RefundState(StrEnum):
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class FollowedRefund:
    """What became of a refund; `done_at` where the provider tells the moment."""

    state: RefundState
    amount: Decimal
    done_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Chargeback:
    """Money that a bank took back past us (`returned` False), or gave again after a dispute (True)."""

    external_id: str
    payment_external_id: str
    amount: Decimal
    currency: str
    at: datetime
    is_fee: bool
    returned: bool


@dataclass(frozen=True, kw_only=True)
class ChargeRequest:
    """A charge of a saved card without its holder. `number` comes back in notices as `order_number`."""

    token: str
    amount: Decimal
    number: str
    account_id: str
    request_id: str
    description: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class ReceiptRequest:
    """`content` is a plan of billing.rules.receipts; by `order_number` a person finds the receipt."""

    content: Mapping[str, Any]
    request_id: str
    order_number: str = ""
    account_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SecondReceiptRequest:
    """The receipt that closes prepayments when the service is rendered.

    `payment_external_id` is the payment with the first receipt. `number` is our number of the receipt where
    the shop counts (`Provider.first_number`); it is drawn from the numbers of the orders and never used
    twice (billing.order_numbers).
    """

    content: Mapping[str, Any]
    request_id: str
    payment_external_id: str
    number: str = ""
    order_number: str = ""
    account_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SentReceipt:
    external_id: str
    url: str = ""


class ReceiptState(StrEnum):
    QUEUED = "queued"
    REGISTERED = "registered"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class FollowedReceipt:
    state: ReceiptState
    reason: str = ""
    url: str = ""
    fiscal: Mapping[str, str] = field(default_factory=dict)


class Provider(ABC):
    """One shop at one provider.

    Calls raise Refused, NotSent or Unknown; what a provider does not have raises Unsupported. `timeout` is
    the whole time in seconds that a call may take.
    """

    name: str
    # A request id protects a call for this long after it was first sent; a margin for slow clocks is taken
    # off.
    request_id_lives = timedelta(0)
    # How long an order should stay payable; None: until it is paid or cancelled.
    order_lives: timedelta | None = None
    # A payment can be given back for this long after it came; None: no limit is documented.
    refund_lives: timedelta | None = None
    # Refunds can be asked for here at all; false where the shop lacks what they need.
    gives_back: bool = True
    # After silence it can say whether an order was made, by our number; and close it by that number.
    finds_orders: bool = False
    # A card that the payer let us keep can be charged without him.
    charges_cards = False
    # The refund itself prints the return receipt, so it must get one and no other may be sent.
    prints_refund_receipt: bool = False
    # How many receipts one payment may have after its first one; None: any number.
    second_receipts: int | None = None

    @property
    def first_number(self) -> int | None:
        """The first number, where the shop's orders are counted; None: any text will do."""
        return None

    @abstractmethod
    def create_order(self, request: OrderRequest, *, timeout: float) -> CreatedOrder:
        """Make a page on which exactly this order is paid. The same request id gives the same order."""

    @abstractmethod
    def cancel_order(self, *, external_id: str, timeout: float) -> None:
        """Close an order's page. Refused when it is paid or unknown."""

    @abstractmethod
    def read_notice(self, kind: NoticeKind, delivery: Delivery) -> NoticeRead:
        """Verify first, then read. Raises Forged or Malformed; touches nothing outside."""

    @abstractmethod
    def answer(self, verdict: Verdict, notice: NoticeRead | None) -> Answer:
        """Our verdict in the provider's words; `notice` is None when it could not be read."""

    @abstractmethod
    def check_credentials(self, *, timeout: float) -> tuple[str, ...]:
        """Return when they work, with the names of those that could not be tried; Refused: they do not."""

    def find_order(self, *, number: str, created_on: date, timeout: float) -> CreatedOrder | None:
        """Was an order of ours made whose creation nobody answered? None: no, it may be made again."""
        raise Unsupported(self.name, "order lookup")

    def saved_card(self, body: bytes) -> SavedCard | None:
        """The card in the stored body of a payment's notice; None where the payer kept none."""
        return None

    def charge(self, request: ChargeRequest, *, timeout: float) -> Operation:
        """Charge a saved card: COMPLETED, or DECLINED with the reason. The same request id charges once."""
        raise Unsupported(self.name, "charges of a saved card")

    def refund(self, request: RefundRequest, *, timeout: float) -> str:
        """Begin to give money back; returns the provider's id of the refund.

        The same request id gives back once while it lives; where it does not live at all
        (`request_id_lives` is zero) an Unknown is a person's, since a repeat would give back twice.
        """
        raise Unsupported(self.name, "refund")

    def refund_state(self, *, external_id: str, timeout: float) -> FollowedRefund:
        """Ask what became of a refund; Refused when its id is unknown there."""
        raise Unsupported(self.name, "refund")

    def refunds_of(
        self, *, payment_external_id: str, since: datetime, until: datetime, timeout: float
    ) -> list[Operation]:
        """The refunds of one payment between two moments, to learn what became of an unanswered call."""
        raise Unsupported(self.name, "refund lookup")

    def find_operation(self, *, external_id: str, timeout: float) -> Operation | None:
        """Look up one operation by the provider's id."""
        raise Unsupported(self.name, "operation lookup")

    def find_payment(self, *, order_number: str, timeout: float) -> Operation | None:
        """Look up the last payment (declined ones too) of one of our orders."""
        raise Unsupported(self.name, "payment lookup")

    def registry(self, *, day: date, timeout: float) -> list[Operation]:
        """Every operation made on a day of the provider's business time zone, oldest first."""
        raise Unsupported(self.name, "registry")

    def chargebacks(self, *, day: date, timeout: float) -> list[Chargeback]:
        """Every chargeback of a day of the provider's business time zone."""
        raise Unsupported(self.name, "chargebacks")

    def send_receipt(self, request: ReceiptRequest, *, timeout: float) -> SentReceipt:
        """Hand a receipt over to be registered; the same request id never makes another one."""
        raise Unsupported(self.name, "receipts")

    def send_second_receipt(self, request: SecondReceiptRequest, *, timeout: float) -> SentReceipt:
        """Hand over the receipt that closes prepayments.

        After Unknown: the same request id while it lives, else ask follow_receipt for `number`.
        """
        raise Unsupported(self.name, "second receipts")

    def follow_receipt(self, *, external_id: str, timeout: float) -> FollowedReceipt:
        """Ask what became of a receipt that was handed over."""
        raise Unsupported(self.name, "receipts")
