"""What an attack is, the invariants that must name it, and rows of tests/mutations/world.py to aim at."""

# ruff: noqa: S608

from dataclasses import dataclass

SUMS = "installments add up to the total"
ROW = "a row holds at most its amount, a replaced one nothing"
PAYMENT = "a payment gives at most what it is and did not give back"
OWN = "money covers rows and late fees of its own deal only, and only when it counts"
IDLE = "no money lies idle while a row is open"
POSITIVE = "what came and went is a sum above zero, and nothing is for nothing"
ONCE = "a provider's operation is known once"
BELOW_ZERO = "write-offs and late fees never fall below zero"
FEES = "a late fee is charged once for a day, and waived only downwards"
CARRIED = "a carried payment has the one move that carried it"
INSIDE = "money is carried inside one legal entity, by one move, and back at most once"
PARTS = "the parts of a transfer are of one legal entity and add up to it"
ASKED_BACK = "what is asked back is still there, and ends by its refund"
ORDERS = "an order asks for a sum, under a number and a key of its own, once for a link"
TOLD = "what happened to money and terms is told in the history, and what is told is there"
VERSIONS = "every version is remembered"
CLOSINGS = "a row that was closed at less remembers each step down"
SINGLE = "a pause, a version and a payment have one end, signature, placement and reversal each"
RECEIPTS = "money that came or went has one receipt of its kind"
ON_CREDIT = "a credit receipt is of one rendering, every other receipt of money"
SERVICE = "a service was rendered for a sum, once for a cause, and a company that pays has its number"
SIGNED = "an act says a sum, its end is one, and what it rendered is what a signed one says"
INVOICES = "an invoice has a sum and a number of its own"
ENTITY = "money went to the legal entity of the merchant and of the order"


@dataclass(frozen=True)
class Again:
    """The first row of the table that fits `where`, stored once more with some columns changed."""

    table: str
    where: str
    changes: dict[str, str]
    times: int = 1


@dataclass(frozen=True)
class Attack:
    table: str
    guard: str
    sql: str | Again
    names: str
    says: str = ""


def again(table: str, where: str = "true", *, times: int = 1, **changes: str) -> Again:
    """Each change is an SQL expression; `n` counts the copies."""
    return Again(table, where, changes, times)


A = "(SELECT MIN(id) FROM billing_schedule)"
P501 = "(SELECT id FROM billing_payment WHERE external_id = '501')"
ANOTHER = "(SELECT MIN(id) FROM documents_document WHERE kind = 'invoice')"
RENDERED = "(SELECT MIN(id) FROM billing_rendering)"
CASH = "(SELECT MIN(id) FROM billing_payment WHERE method = 'cash')"
MOVED = "(SELECT id FROM billing_payment WHERE method = 'transfer')"
OPEN_ROW = f"(SELECT MAX(id) FROM billing_installment WHERE schedule_id = {A} AND replaced_in IS NULL)"
PAID_ROW = f"(SELECT MIN(id) FROM billing_installment WHERE schedule_id = {A} AND replaced_in IS NULL)"
CREDIT = "(SELECT MAX(id) FROM billing_payment WHERE amount = 30000)"
CLOSED_ROW = f"(SELECT MIN(id) FROM billing_installment WHERE schedule_id = {A} + 2)"
OTHERS_ROW = f"(SELECT MAX(id) FROM billing_installment WHERE schedule_id = {A} + 1)"
GIVE = (
    "INSERT INTO billing_allocation (payment_id, installment_id, amount, recorded_at)"
    " VALUES ({}, {}, {}, now())"
)
