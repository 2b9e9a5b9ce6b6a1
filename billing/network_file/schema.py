"""Every key of the network file (the public interface, section 3) and what may stand there."""

from billing.models import LegalEntity
from billing.network_file import kinds
from billing.network_file.shapes import ListOf, Mapping, Scalar, Shape, ValueOrList
from billing.requisites import TAX_SYSTEMS, VAT_RATES
from billing.rules import texts
from crm import outbox

DEAL_FIELDS = (
    "programme",
    "cohort",
    "location",
    "service_on",
    "debt",
    "next_due_on",
    "next_amount",
    "payment_state",
    "payment_link",
    "payment_text",
    "deposit_link",
    "full_link",
    "schedule_count",
    "schedule_monthly",
    "schedule_first_on",
)
SUBJECTS = (
    "commodity",
    "excise",
    "job",
    "service",
    "gambling_bet",
    "gambling_prize",
    "lottery",
    "lottery_prize",
    "intellectual_activity",
    "payment",
    "agent_commission",
    "composite",
    "another",
)
CHANNELS = ("email", "salesbot", "sms")
ADMIN_RIGHTS = ("refund", "cancel", "offline_payment", "write_off", "move")

_ID = Scalar(kinds.identifier)
_OPTIONAL_ID = Scalar(kinds.identifier, empty=None)
_LINE = Scalar(kinds.text(255), empty="")
_TEXT = Scalar(kinds.text(2000), empty="")


def _dated(key: str, values: Shape) -> ValueOrList:
    item = Mapping({"from": Scalar(kinds.day), key: values}, needed=("from", key))
    return ValueOrList(values, ListOf(item))


_VAT = _dated("vat", Scalar(kinds.choice(*VAT_RATES)))
DATED_VAT = _VAT.many
_PIPELINE = Mapping(
    {
        "id": _ID,
        "completed_status": _ID,
        "paid_status": _OPTIONAL_ID,
        "deposit_status": _OPTIONAL_ID,
        "overdue_status": _OPTIONAL_ID,
        "lost_statuses": ListOf(_ID),
        "gated_statuses": ListOf(_ID),
    },
    needed=("id",),
)
_COHORT = Mapping(
    {
        "cohort": Scalar(kinds.text(255)),
        "starts_on": Scalar(kinds.day),
        "ends_on": Scalar(kinds.day),
        "rendered": Scalar(kinds.choice("monthly", "at_end", "by_stage")),
    },
    needed=("cohort", "starts_on", "ends_on", "rendered"),
)
_RENDERED = Mapping(
    {
        "by": Scalar(kinds.choice("service_day", "stage", "act")),
        "from": Scalar(kinds.day),
        "statuses": ListOf(_ID),
    },
    needed=("by", "from"),
)
_LATE_FEE = Mapping(
    {
        "daily_percent": Scalar(kinds.percent),
        "cap_percent": Scalar(kinds.percent),
        "grace_days": Scalar(kinds.integer(0, 365)),
        "from": Scalar(kinds.day),
    },
    needed=("daily_percent", "cap_percent", "from"),
)
_REMINDER = Mapping(
    {"days": Scalar(kinds.integer(-60, 365)), "channels": ListOf(Scalar(kinds.choice(*CHANNELS)))},
    needed=("days", "channels"),
)


_COHORT_REMINDERS = Mapping(
    {"cohort": Scalar(kinds.text(255)), "reminders": ListOf(_REMINDER)}, needed=("cohort", "reminders")
)
_TEXTS = Mapping(
    {
        event: Mapping(
            {
                "subject": Scalar(kinds.message(event, 200), empty=""),
                "text": Scalar(kinds.message(event, 2000), empty=""),
            }
        )
        for event in texts.EVENTS
    }
)
# A template of schedules; an empty programme fits every deal.
SCHEDULE_TEMPLATE = Mapping(
    {
        "name": Scalar(kinds.text(120)),
        "programme": _LINE,
        "total_from": Scalar(kinds.money, empty=None),
        "total_to": Scalar(kinds.money, empty=None),
        "count": Scalar(kinds.integer(1, 240), empty=None),
        "monthly_amount": Scalar(kinds.money, empty=None),
        "first_after_days": Scalar(kinds.integer(0, 366)),
        "due_day": Scalar(kinds.integer(1, 31), empty=None),
        "every_months": Scalar(kinds.integer(1, 12)),
        "every_days": Scalar(kinds.integer(1, 366), empty=None),
        "down_percent": Scalar(kinds.percent, empty=None),
        "down_amount": Scalar(kinds.money, empty=None),
        "down_after_days": Scalar(kinds.integer(0, 366)),
        "round_to": Scalar(kinds.choice("0.01", "1", "100")),
    },
    needed=("name",),
)
# What the payer may do on his page (billing.rules.payer_page).
_PAYER_PAGE = Mapping(
    {
        "own_sum": Scalar(kinds.boolean),
        "promise_days": Scalar(kinds.integer(0, 90)),
        "move_days": Scalar(kinds.integer(0, 180)),
        "moves": Scalar(kinds.integer(0, 12)),
        "grants": Scalar(kinds.boolean),
    }
)


def _responsible(typed: str) -> str | int:
    """`deal` (the deal's responsible user) or the id of a user."""
    if typed == "deal":
        return typed
    identifier: int = kinds.identifier(typed)
    return identifier


def _then(typed: str) -> str | int:
    """What happens to an unpaid deposit: a task, a stage (the pipeline's), or a stage by its id."""
    if typed in ("task", "stage"):
        return typed
    identifier: int = kinds.identifier(typed)
    return identifier


ACCOUNT = Mapping(
    {
        "key": Scalar(kinds.slug),
        "time_zone": Scalar(kinds.zone),
        "issue": Mapping({"at": Scalar(kinds.clock), "days_before": Scalar(kinds.integer(0, 60))}),
        "subdomain": Scalar(kinds.subdomain),
        "account_id": _ID,
        "client_id": Scalar(kinds.text(64)),
        "client_secret": Scalar(kinds.secret),
        "redirect_uri": Scalar(kinds.address),
        "access_token": Scalar(kinds.secret),
        "widget": Mapping(
            {
                "client_id": Scalar(kinds.text(64)),
                "client_secret": Scalar(kinds.secret),
                "redirect_uri": Scalar(kinds.address),
            },
            needed=("client_id", "client_secret"),
        ),
        "webhook_key": Scalar(kinds.webhook_key),
        "mode": Scalar(kinds.choice("installments", "deposit")),
        "fields": Mapping({name: _OPTIONAL_ID for name in DEAL_FIELDS}),
        "pipelines": ListOf(_PIPELINE),
        "pipeline": _PIPELINE,
        "fallback_user": _OPTIONAL_ID,
        "silent_notes": ListOf(Scalar(kinds.choice(*outbox.NOTES))),
        "alert_email": Scalar(kinds.email, empty=""),
        "starts_on": Scalar(kinds.day, empty=None),
        "cohorts": ListOf(_COHORT),
        "rendered": _RENDERED,
        "schedule_templates": ListOf(SCHEDULE_TEMPLATE),
        "late_fee": _LATE_FEE,
        "overdue_task": Mapping({"type": _ID, "responsible": Scalar(_responsible)}),
        "reminders": ListOf(_REMINDER),
        "cohort_reminders": ListOf(_COHORT_REMINDERS),
        "grace_days": Scalar(kinds.integer(0, 60)),
        "escalation": Mapping(
            {"days": Scalar(kinds.integer(0, 365)), "type": _ID, "responsible": Scalar(_responsible)},
            needed=("days", "responsible"),
        ),
        "payer_page": _PAYER_PAGE,
        "texts": _TEXTS,
        "salesbot_id": _OPTIONAL_ID,
        "admin_only": ListOf(Scalar(kinds.choice(*ADMIN_RIGHTS))),
        "legal_entity": Scalar(kinds.slug, empty=None),
    },
    needed=("key",),
)

MERCHANT = Mapping(
    {
        "key": Scalar(kinds.slug),
        "provider": Scalar(kinds.choice("robokassa", "cloudpayments")),
        "other_orders": Scalar(kinds.other_orders),
        # robokassa
        "login": Scalar(kinds.text(255)),
        "password1": Scalar(kinds.secret),
        "password2": Scalar(kinds.secret),
        "password3": Scalar(kinds.secret),
        "algorithm": Scalar(kinds.choice("md5", "sha1", "sha256", "sha384", "sha512", "ripemd160")),
        "test": Scalar(kinds.boolean),
        "test_password1": Scalar(kinds.secret),
        "test_password2": Scalar(kinds.secret),
        "inv_id_from": Scalar(kinds.integer(1, 2**31 - 1), empty=None),
        "orders": Scalar(kinds.choice("link", "invoice")),
        "certificate": Scalar(kinds.certificate, empty=""),
        # cloudpayments
        "public_id": Scalar(kinds.text(255)),
        "api_secret": Scalar(kinds.secret),
        "api_secret_previous": Scalar(kinds.secret, empty=None),
        "cash_receipts": Scalar(kinds.boolean),
        # `order` or `none` at Robokassa, true or false at CloudPayments: checked with the provider.
        "receipts": Scalar(kinds.text(10)),
    },
    needed=("key", "provider"),
)

LEGAL_ENTITY = Mapping(
    {
        "key": Scalar(kinds.slug),
        "kind": Scalar(kinds.choice(*LegalEntity.Kind.values)),
        "name": Scalar(kinds.text(255)),
        "inn": Scalar(kinds.text(20)),
        "kpp": Scalar(kinds.text(20), empty=""),
        "ogrn": Scalar(kinds.text(20), empty=""),
        "address": _TEXT,
        "site": Scalar(kinds.address, empty=""),
        "email": Scalar(kinds.email, empty=""),
        "phone": Scalar(kinds.text(32), empty=""),
        "vat_basis": _LINE,
        "signatory": Mapping(
            {
                name: _LINE
                for name in ("name", "position", "name_genitive", "position_genitive", "basis_genitive")
            }
        ),
        "bank": Mapping({name: _LINE for name in ("bic", "account", "correspondent", "name")}),
        "tax_system": _dated("tax_system", Scalar(kinds.choice(*TAX_SYSTEMS))),
        "vat": _VAT,
        "merchants": ListOf(MERCHANT),
    },
    needed=("key",),
)

LOCATION = Mapping(
    {
        "key": Scalar(kinds.slug),
        "account": Scalar(kinds.slug),
        "name": Scalar(kinds.text(255)),
        "crm_value": Scalar(kinds.text(255)),
        "time_zone": Scalar(kinds.zone, empty=""),
        "legal_entity": Scalar(kinds.slug),
        "valid_from": Scalar(kinds.day),
        "merchant": Scalar(kinds.slug),
        "deposit": Mapping(
            {
                "percent": Scalar(kinds.percent),
                "round_to": Scalar(kinds.money),
                "minimum": Scalar(kinds.money),
                "amount": Scalar(kinds.money),
            }
        ),
        "deposit_due": Mapping(
            {
                "minutes": Scalar(kinds.integer(1, 60 * 24 * 60)),
                "same_day": Scalar(kinds.integer(1, 60 * 24)),
                "then": Scalar(_then),
            },
            needed=("minutes", "then"),
        ),
        "cash_receipts": Scalar(kinds.choice("desk", "cloud")),
    },
    needed=("key", "account", "legal_entity", "valid_from", "merchant"),
)

PRODUCT = Mapping(
    {
        "programme": Scalar(kinds.text(255)),
        "name": Scalar(kinds.text(128)),
        "subject": Scalar(kinds.choice(*SUBJECTS)),
        "vat": _VAT,
    },
    needed=("programme",),
)

FILE = Mapping(
    {
        "accounts": ListOf(ACCOUNT),
        "legal_entities": ListOf(LEGAL_ENTITY),
        "locations": ListOf(LOCATION),
        "products": ListOf(PRODUCT),
    }
)
