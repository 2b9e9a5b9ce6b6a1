"""What a payment provider is to us: one interface, plain values in and out, no database.

An adapter translates. It says exactly one of four things about a call that did not work: Refused (the
provider said no, the effect will never exist), NotSent (it never began, repeat freely), Unknown (the effect
may exist: ask, or repeat under the same request id within its lifetime), Unsupported (this provider has no
such thing). Money is Decimal roubles with two places, moments are aware and in UTC. No error carries a secret
or a payer's data.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, Self


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


class ProviderError(Exception):
    """A call that did not work: `call` names it, `status` is the HTTP status (0 without an answer)."""

    def __init__(self, detail: str, *, call: str, status: int = 0, code: str = "") -> None:
        super().__init__(f"{call}: {detail}" + (f" (HTTP {status})" if status else ""))
        self.detail = detail
        self.call = call
        self.status = status
        self.code = code


class Refused(ProviderError):
    """The provider's final no. `code` is its own word for the reason."""


class NotSent(ProviderError):
    """The call never reached the provider, or was turned away before it began."""


class Unknown(ProviderError):
    """No answer, a broken one, or a server error: the effect may exist."""


class Unsupported(Exception):
    """The provider has no such operation."""

    def __init__(self, provider: str, operation: str) -> None:
        super().__init__(f"{provider} has no {operation}")


class Forged(Exception):
    """A notice whose signature is missing or wrong. Says nothing about what was sent."""


class Malformed(Exception):
    """A genuine notice that cannot be read, or that came to the address of another kind.

    Raised after the signature was verified and never before. `order_number` is there where the answer must
    repeat it.
    """

    def __init__(self, reason: str, *, order_number: str = "") -> None:
        super().__init__(reason)
        self.order_number = order_number


class NoticeKind(StrEnum):
    CHECK = "check"
    PAY = "pay"
    FAIL = "fail"
    CONFIRM = "confirm"
    REFUND = "refund"
    CANCEL = "cancel"
    RECEIPT = "receipt"
    RECURRENT = "recurrent"


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
    """A notice as it came: `body` or `query` (behind the question mark) are the signed bytes."""

    method: str
    body: bytes
    query: bytes
    headers: Mapping[str, str]
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: str
    content_type: str


@dataclass(frozen=True, kw_only=True)
class NoticeRead:
    """A genuine notice in our words; `external_id` tells it from every other notice of its kind in this shop.

    `at` is the provider's moment of the fact. `held` is money that is only reserved. A refund names the
    payment that it takes back in `payment_external_id`. A receipt notice carries the provider's receipt id as
    `external_id`, the printed copy as `url` and {fn, fd, fpd} as `fiscal`.
    """

    kind: NoticeKind
    external_id: str
    order_number: str = ""
    account_id: str = ""
    amount: Decimal = Decimal("0.00")
    currency: str = "RUB"
    at: datetime | None = None
    test: bool = False
    held: bool = False
    method: str = ""
    payment_external_id: str = ""
    reason: str = ""
    reason_code: str = ""
    url: str = ""
    fiscal: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The shape that billing.models.Notice keeps."""
        at = None if self.at is None else self.at.isoformat()
        return {**asdict(self), "kind": str(self.kind), "amount": str(self.amount), "at": at}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        at = None if value["at"] is None else datetime.fromisoformat(value["at"])
        return cls(
            **{**value, "kind": NoticeKind(value["kind"]), "amount": Decimal(value["amount"]), "at": at}
        )


@dataclass(frozen=True, kw_only=True)
class OrderRequest:
    """An order to be made; stored before the call, so that a repeat sends the identical body.

    `number` is our name of the order and comes back in every notice as `order_number`; `account_id` names the
    payer. `receipt` is a plan of billing.rules.receipts that rides on the order, where the shop wants that.
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
    """One row of a provider's registry."""

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


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    payment_external_id: str
    amount: Decimal
    request_id: str


@dataclass(frozen=True, kw_only=True)
class ReceiptRequest:
    """`content` is a plan of billing.rules.receipts; by `order_number` a person finds the receipt."""

    content: Mapping[str, Any]
    request_id: str
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
    def check_credentials(self, *, timeout: float) -> None:
        """Return when the credentials work; Refused says that they do not."""

    def refund(self, request: RefundRequest, *, timeout: float) -> str:
        """Give money back; returns the provider's id of the refund."""
        raise Unsupported(self.name, "refund")

    def find_operation(self, *, external_id: str, timeout: float) -> Operation | None:
        """Look up one operation by the provider's id."""
        raise Unsupported(self.name, "operation lookup")

    def find_payment(self, *, order_number: str, timeout: float) -> Operation | None:
        """Look up the last payment (declined ones too) of one of our orders."""
        raise Unsupported(self.name, "payment lookup")

    def registry(self, *, day: date, timeout: float) -> list[Operation]:
        """Every operation made on a day of the provider's business time zone, oldest first."""
        raise Unsupported(self.name, "registry")

    def send_receipt(self, request: ReceiptRequest, *, timeout: float) -> SentReceipt:
        """Hand a receipt over to be registered; the same request id never makes another one."""
        raise Unsupported(self.name, "receipts")

    def follow_receipt(self, *, external_id: str, timeout: float) -> FollowedReceipt:
        """Ask what became of a receipt that was handed over."""
        raise Unsupported(self.name, "receipts")
