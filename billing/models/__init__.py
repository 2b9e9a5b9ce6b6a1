"""The tables of billing."""

from billing.models.arrangements import (
    Bounce,
    DateRequest,
    DepositDeadline,
    Escalation,
    Preference,
    Promise,
    PromiseEnd,
    Stop,
    TransferClaim,
)
from billing.models.cards import RefusedNotice, SavedCard
from billing.models.collection import Invoice, PaymentLink, ProviderOrder
from billing.models.corrections import Move, Placement, Reversal, UnplacedMoney, WriteOff
from billing.models.crm_requests import ApiToken, CrmRequest, LostDeal
from billing.models.fees import FeeAllocation, LateFee
from billing.models.money import Allocation, Payment, Receipt, Refund, Transfer
from billing.models.network import (
    AccountPolicy,
    LegalEntity,
    Location,
    MerchantAccount,
    Ownership,
    Product,
    SmsGateway,
    TaxSetting,
)
from billing.models.payers import DealPayer
from billing.models.planning import CalendarYear, ScheduleTemplate
from billing.models.queues import Event, FirstAnswer, Message, Notice, OverdueFlag, ProviderCall, Reminder
from billing.models.reconciliation import Difference, Reconciliation
from billing.models.refunds import RefundOrder
from billing.models.rendering import Act, Offset, ReceiptPolicy, Rendering
from billing.models.schedule import (
    Installment,
    InstallmentClosing,
    InstallmentQuerySet,
    Pause,
    PauseEnd,
    Schedule,
    ScheduleVersion,
    Signature,
)

__all__ = [
    "AccountPolicy",
    "Act",
    "Allocation",
    "ApiToken",
    "Bounce",
    "CalendarYear",
    "CrmRequest",
    "DateRequest",
    "DealPayer",
    "DepositDeadline",
    "Difference",
    "Escalation",
    "Event",
    "FeeAllocation",
    "FirstAnswer",
    "Installment",
    "InstallmentClosing",
    "InstallmentQuerySet",
    "Invoice",
    "LateFee",
    "LegalEntity",
    "Location",
    "LostDeal",
    "MerchantAccount",
    "Message",
    "Move",
    "Notice",
    "Offset",
    "OverdueFlag",
    "Ownership",
    "Pause",
    "PauseEnd",
    "Payment",
    "PaymentLink",
    "Placement",
    "Preference",
    "Product",
    "Promise",
    "PromiseEnd",
    "ProviderCall",
    "ProviderOrder",
    "Receipt",
    "ReceiptPolicy",
    "Reconciliation",
    "Refund",
    "RefundOrder",
    "RefusedNotice",
    "Reminder",
    "Rendering",
    "Reversal",
    "SavedCard",
    "Schedule",
    "ScheduleTemplate",
    "ScheduleVersion",
    "Signature",
    "SmsGateway",
    "Stop",
    "TaxSetting",
    "Transfer",
    "TransferClaim",
    "UnplacedMoney",
    "WriteOff",
]
