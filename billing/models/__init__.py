"""The tables of billing."""

from billing.models.collection import Invoice, PaymentLink, ProviderOrder
from billing.models.money import Allocation, Payment, Receipt, Refund
from billing.models.network import (
    AccountPolicy,
    LegalEntity,
    Location,
    MerchantAccount,
    Ownership,
    Product,
    TaxSetting,
)
from billing.models.queues import Event, FirstAnswer, Message, Notice, OverdueFlag, ProviderCall, Reminder
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
    "Allocation",
    "Event",
    "FirstAnswer",
    "Installment",
    "InstallmentClosing",
    "InstallmentQuerySet",
    "Invoice",
    "LegalEntity",
    "Location",
    "MerchantAccount",
    "Message",
    "Notice",
    "OverdueFlag",
    "Ownership",
    "Pause",
    "PauseEnd",
    "Payment",
    "PaymentLink",
    "Product",
    "ProviderCall",
    "ProviderOrder",
    "Receipt",
    "Refund",
    "Reminder",
    "Schedule",
    "ScheduleVersion",
    "Signature",
    "TaxSetting",
]
