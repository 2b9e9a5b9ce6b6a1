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
from billing.models.schedule import Installment, InstallmentQuerySet, Schedule, ScheduleVersion

__all__ = [
    "AccountPolicy",
    "Allocation",
    "Event",
    "FirstAnswer",
    "Installment",
    "InstallmentQuerySet",
    "Invoice",
    "LegalEntity",
    "Location",
    "MerchantAccount",
    "Message",
    "Notice",
    "OverdueFlag",
    "Ownership",
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
    "TaxSetting",
]
