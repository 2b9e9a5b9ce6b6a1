"""One attack by plain SQL for every guard of the money tables: who must refuse it, and who names it.

`guard` is the constraint, index or trigger of `table`; `says` the name that its refusal carries where that is
another one; `names` the invariant of verify_ledger that finds the break when the guard is gone.
"""

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
SERVICE = "a service was rendered for a sum, once for a cause, and a company that pays has its number"
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

ATTACKS = (
    # Schedules
    Attack("schedule", "schedule_adds_up", f"UPDATE billing_schedule SET total = 1 WHERE id = {A}", SUMS),
    Attack(
        "schedule",
        "schedule_total_not_negative",
        f"UPDATE billing_schedule SET total = -1 WHERE id = {A}",
        SUMS,
    ),
    Attack(
        "schedule",
        "schedule_closing_known",
        f"UPDATE billing_schedule SET closing = 'lost' WHERE id = {A}",
        "the last version has the schedule's total and closing",
    ),
    Attack(
        "schedule",
        "closed_schedule_owes_nothing",
        f"UPDATE billing_schedule SET closing = 'settled' WHERE id = {A}",
        "a closed schedule owes nothing",
    ),
    Attack("schedule", "billing_schedule_deal_id_key", again("schedule", f"id = {A}", total="0"), SINGLE),
    Attack("scheduleversion", "version_once", again("scheduleversion", "number = 2"), VERSIONS),
    Attack(
        "scheduleversion",
        "scheduleversion_append_only",
        "DELETE FROM billing_scheduleversion",
        VERSIONS,
        "append_only",
    ),
    Attack("signature", "billing_signature_version_id_key", again("signature"), SINGLE),
    Attack("signature", "signature_append_only", "DELETE FROM billing_signature", TOLD, "append_only"),
    Attack(
        "installment",
        "installments_add_up",
        f"UPDATE billing_installment SET amount = amount + 1 WHERE id = {OPEN_ROW}",
        SUMS,
        "schedule_adds_up",
    ),
    Attack(
        "installment",
        "installment_above_allocations",
        f"UPDATE billing_installment SET amount = 1 WHERE id = {PAID_ROW}",
        ROW,
        "installment_covers_allocations",
    ),
    Attack(
        "installment",
        "installment_amount_positive",
        f"UPDATE billing_installment SET amount = 0 WHERE id = {OPEN_ROW}",
        "a row asks for something, never earlier than its contract says",
    ),
    Attack(
        "installment",
        "installment_never_due_earlier",
        f"UPDATE billing_installment SET effective_due_on = due_on - 1 WHERE id = {OPEN_ROW}",
        "a row asks for something, never earlier than its contract says",
    ),
    Attack(
        "installment",
        "installment_number_once",
        again("installment", f"id = {OPEN_ROW}"),
        "a number stands once in a schedule",
    ),
    Attack(
        "installmentclosing",
        "closing_lowers",
        again("installmentclosing", version="9", after="before"),
        CLOSINGS,
    ),
    Attack(
        "installmentclosing",
        "closing_once_per_version",
        again("installmentclosing"),
        "a version that closed rows has their closings",
    ),
    Attack(
        "installmentclosing",
        "installmentclosing_append_only",
        "DELETE FROM billing_installmentclosing",
        "a version that closed rows has their closings",
        "append_only",
    ),
    Attack(
        "pause",
        "pause_ends_after_begin",
        again("pause", until="begun_on"),
        "a schedule is paused once at a time, and a pause ends after it began",
    ),
    Attack("pause", "pause_append_only", "DELETE FROM billing_pause", TOLD, "append_only"),
    Attack("pauseend", "billing_pauseend_pause_id_key", again("pauseend"), SINGLE),
    Attack(
        "pauseend",
        "pauseend_append_only",
        "DELETE FROM billing_pauseend",
        "what the history tells of ends and services is there",
        "append_only",
    ),
    # Money that came
    Attack(
        "payment",
        "payment_amount_positive",
        again("payment", f"id = {P501}", amount="0", merchant_id="NULL", order_id="NULL", external_id="'x'"),
        POSITIVE,
    ),
    Attack("payment", "provider_payment_once", again("payment", f"id = {P501}"), ONCE),
    Attack(
        "payment",
        "payment_by_the_entitys_merchant",
        again(
            "payment",
            f"id = {P501}",
            external_id="'x'",
            order_id="NULL",
            merchant_id="(SELECT MAX(id) FROM billing_merchantaccount)",
        ),
        ENTITY,
    ),
    Attack(
        "payment",
        "payment_append_only",
        f"UPDATE billing_payment SET amount = 1 WHERE id = {P501}",
        PAYMENT,
        "append_only",
    ),
    Attack(
        "payment",
        "payment_changes_no_deal",
        f"UPDATE billing_payment SET deal_id = deal_id + 1 WHERE id = {P501}",
        OWN,
        "append_only",
    ),
    Attack(
        "payment",
        "payment_keeps_its_order",
        "UPDATE billing_payment SET order_id = (SELECT MAX(id) FROM billing_providerorder o"
        f" WHERE o.deal_id <> billing_payment.deal_id) WHERE id = {P501}",
        "payment, order, invoice and deal are of one account",
        "append_only",
    ),
    Attack(
        "payment",
        "payment_keeps_its_transfer",
        "UPDATE billing_payment SET transfer_id = NULL WHERE transfer_id IS NOT NULL",
        PARTS,
        "append_only",
    ),
    Attack(
        "payment",
        "payment_of_the_owner",
        again(
            "payment",
            f"id = {P501}",
            external_id="'x'",
            order_id="NULL",
            merchant_id="NULL",
            legal_entity_id="(SELECT MAX(id) FROM billing_legalentity)",
        ),
        "money of a deal belongs to a legal entity of its account",
    ),
    Attack(
        "payment",
        "payment_placed_with_its_owner",
        "UPDATE billing_payment SET deal_id = (SELECT MIN(id) FROM crm_deal) WHERE external_id = 'nobody'",
        "money of a deal belongs to a legal entity of its account",
        "payment_of_the_owner",
    ),
    Attack(
        "payment",
        "moved_payment_has_a_move",
        again(
            "payment",
            f"id = {P501}",
            method="'transfer'",
            external_id="''",
            order_id="NULL",
            merchant_id="NULL",
        ),
        CARRIED,
    ),
    Attack(
        "payment",
        "transfer_parts_add_up",
        again("payment", "transfer_id IS NOT NULL"),
        PARTS,
        "transfer_adds_up",
    ),
    Attack("transfer", "transfer_adds_up", again("transfer", external_id="'x'"), PARTS),
    Attack("transfer", "transfer_amount_positive", again("transfer", external_id="'x'", amount="0"), PARTS),
    Attack("transfer", "transfer_once", again("transfer"), "a transfer of the bank is known once"),
    Attack(
        "transfer", "transfer_append_only", "UPDATE billing_transfer SET amount = 1", PARTS, "append_only"
    ),
    Attack(
        "placement",
        "placement_append_only",
        "UPDATE billing_placement SET deal_id = deal_id + 1",
        "a placed payment stands where a person put it",
        "append_only",
    ),
    Attack("placement", "payment_placed_once", again("placement"), SINGLE),
    # What it covers
    Attack("allocation", "allocation_not_zero", GIVE.format(P501, PAID_ROW, 0), POSITIVE),
    Attack(
        "allocation",
        "allocations_within_payment",
        GIVE.format(P501, OPEN_ROW, 100),
        PAYMENT,
        "payment_covers_allocations",
    ),
    Attack(
        "allocation",
        "allocations_within_installment",
        GIVE.format(MOVED, PAID_ROW, 4000) + ";" + GIVE.format(MOVED, OTHERS_ROW, -4000),
        ROW,
        "installment_covers_allocations",
    ),
    Attack("allocation", "allocation_append_only", "DELETE FROM billing_allocation", IDLE, "append_only"),
    Attack(
        "feeallocation",
        "fee_allocation_not_zero",
        again("feeallocation", amount="0"),
        POSITIVE,
    ),
    Attack(
        "feeallocation",
        "payments_within_fees",
        again("feeallocation", amount="50", payment_id=CREDIT, installment_id=CLOSED_ROW),
        BELOW_ZERO,
        "fees_cover_payments",
    ),
    Attack(
        "feeallocation",
        "fees_within_payment",
        again("feeallocation", amount="30"),
        PAYMENT,
        "payment_covers_allocations",
    ),
    Attack(
        "feeallocation",
        "fee_allocation_append_only",
        "UPDATE billing_feeallocation SET amount = 500",
        BELOW_ZERO,
        "append_only",
    ),
    # Money that went
    Attack("refund", "refund_amount_positive", again("refund", amount="0", external_id="'x'"), POSITIVE),
    Attack("refund", "provider_refund_once", again("refund", amount="1"), ONCE),
    Attack(
        "refund",
        "refunds_within_payment",
        again("refund", amount="39000", external_id="'x'"),
        PAYMENT,
        "payment_covers_allocations",
    ),
    Attack(
        "refund",
        "refund_by_the_payments_merchant",
        again(
            "refund",
            amount="1",
            external_id="'x'",
            merchant_id="(SELECT MAX(id) FROM billing_merchantaccount)",
        ),
        "a provider's refund went by the shop that took the money",
    ),
    Attack("refund", "refund_append_only", "DELETE FROM billing_refund", TOLD, "append_only"),
    Attack(
        "refundorder",
        "refund_order_amount_positive",
        again("refundorder", "state = 'requested'", amount="0"),
        POSITIVE,
    ),
    Attack(
        "refundorder",
        "refund_order_done_with_its_refund",
        "UPDATE billing_refundorder SET state = 'done' WHERE state = 'requested'",
        ASKED_BACK,
    ),
    Attack(
        "refundorder",
        "refund_order_by_a_shop_or_by_hand",
        again("refundorder", "state = 'requested'", merchant_id="NULL"),
        ASKED_BACK,
    ),
    Attack(
        "refundorder",
        "refund_order_once",
        again("refundorder", "state = 'done'", state="'failed'", refund_id="NULL"),
        "a provider's name of a refund belongs to one order",
    ),
    Attack(
        "refundorder",
        "billing_refundorder_refund_id_key",
        again("refundorder", "state = 'done'", external_id="'x'"),
        SINGLE,
    ),
    Attack(
        "refundorder",
        "refund_orders_within_payment",
        again("refundorder", "state = 'requested'", amount="38000"),
        ASKED_BACK,
    ),
    Attack(
        "refundorder",
        "refund_order_keeps_its_demand",
        "UPDATE billing_refundorder SET amount = 1 WHERE state = 'done'",
        ASKED_BACK,
        "append_only",
    ),
    Attack(
        "refundorder",
        "refund_order_ends_once",
        "UPDATE billing_refundorder SET state = 'failed', refund_id = NULL WHERE state = 'done';"
        "UPDATE billing_refundorder SET amount = 39000 WHERE state = 'requested'",
        ASKED_BACK,
        "append_only",
    ),
    # What corrects it
    Attack("move", "move_not_zero", again("move", amount="0"), POSITIVE),
    Attack("move", "moved_payment_has_one_source", again("move", source_id=f"{P501}"), CARRIED),
    Attack(
        "move",
        "move_inside_the_entity",
        again("move", amount="-5000"),
        INSIDE,
    ),
    Attack("move", "move_append_only", "DELETE FROM billing_move", CARRIED, "append_only"),
    Attack(
        "reversal",
        "reversal_amount_positive",
        again("reversal", payment_id=f"{CASH}", amount="0"),
        POSITIVE,
    ),
    Attack(
        "reversal",
        "reversal_of_offline_money",
        again("reversal", payment_id=f"{P501}", amount="1"),
        "only money past the providers is taken out as a mistake, whole",
    ),
    Attack(
        "reversal",
        "reversal_within_payment",
        again("reversal", payment_id=f"{CASH}", amount="90000"),
        PAYMENT,
        "payment_covers_allocations",
    ),
    Attack("reversal", "billing_reversal_payment_id_key", again("reversal"), SINGLE),
    Attack("reversal", "reversal_append_only", "DELETE FROM billing_reversal", TOLD, "append_only"),
    Attack("writeoff", "write_off_not_zero", again("writeoff", amount="0"), BELOW_ZERO),
    Attack(
        "writeoff",
        "write_offs_within_installment",
        again("writeoff", amount="90000"),
        ROW,
        "installment_covers_allocations",
    ),
    Attack("writeoff", "write_off_append_only", "DELETE FROM billing_writeoff", TOLD, "append_only"),
    Attack(
        "latefee", "late_fee_days_in_order", again("latefee", kind="'corrected'", until="since - 1"), FEES
    ),
    Attack("latefee", "waived_fee_negative", again("latefee", kind="'waived'"), FEES),
    Attack(
        "latefee",
        "charged_fee_positive",
        again("latefee", amount="-1", since="since + 90", until="until + 90"),
        FEES,
    ),
    Attack("latefee", "day_charged_once", again("latefee"), FEES),
    Attack(
        "latefee",
        "fees_above_payments",
        again("latefee", kind="'waived'", amount="-50"),
        BELOW_ZERO,
        "fees_cover_payments",
    ),
    Attack(
        "latefee", "late_fee_append_only", "UPDATE billing_latefee SET amount = 1", BELOW_ZERO, "append_only"
    ),
    # Papers and history
    Attack(
        "receipt",
        "one_income_receipt_per_payment",
        again("receipt", f"payment_id = {P501} AND kind = 'income'"),
        RECEIPTS,
    ),
    Attack(
        "receipt",
        "one_receipt_per_refund",
        again("receipt", "kind = 'refund' AND refund_id IS NOT NULL"),
        RECEIPTS,
    ),
    Attack("offset", "offset_not_zero", again("offset", amount="0"), POSITIVE),
    Attack(
        "offset",
        "offsets_within_payment",
        again("offset", amount="40000"),
        "what is closed by receipts is within the payment",
    ),
    Attack(
        "offset",
        "offset_append_only",
        "UPDATE billing_offset SET amount = -1",
        "what is closed by receipts is within the payment",
        "append_only",
    ),
    Attack("rendering", "rendering_amount_positive", again("rendering", amount="0", key="'x'"), SERVICE),
    Attack("rendering", "rendering_once", again("rendering"), SERVICE),
    Attack(
        "rendering",
        "rendering_append_only",
        "DELETE FROM billing_rendering",
        "what the history tells of ends and services is there",
        "append_only",
    ),
    Attack(
        "invoice",
        "invoice_amount_positive",
        again("invoice", amount="0", number="'x'", installment_id="NULL"),
        INVOICES,
    ),
    Attack("invoice", "invoice_number_once", again("invoice", installment_id="NULL"), INVOICES),
    Attack(
        "invoice",
        "one_live_invoice_per_installment",
        again("invoice", number="'x'"),
        "a live invoice asks for a current row of its deal, and a row is asked for once",
    ),
    Attack(
        "event",
        "event_append_only",
        "DELETE FROM billing_event",
        "a payment is told in the history with its sum",
        "append_only",
    ),
    Attack(
        "dealpayer",
        "one_payer_at_a_time",
        again("dealpayer"),
        "a deal and a row have one payer at a time",
    ),
    Attack("dealpayer", "company_payer_has_inn", again("dealpayer", number="9", kind="'company'"), SERVICE),
    Attack(
        "dealpayer",
        "payer_append_only",
        "UPDATE billing_dealpayer SET name = 'Nobody'",
        "a payer is named in the history",
        "append_only",
    ),
    Attack(
        "providerorder",
        "order_amount_positive",
        again("providerorder", "state = 'paid'", amount="0", number="'x'", request_id="'x'"),
        ORDERS,
    ),
    Attack(
        "providerorder",
        "order_number_once_per_merchant",
        again("providerorder", "state = 'paid'", request_id="'x'"),
        ORDERS,
    ),
    Attack(
        "providerorder",
        "billing_providerorder_request_id_key",
        again("providerorder", "state = 'paid'", number="'x'"),
        ORDERS,
    ),
    Attack(
        "providerorder",
        "one_open_order_per_link",
        again(
            "providerorder",
            "state = 'paid'",
            state="'open'",
            number="'x' || n",
            request_id="'x' || n",
            times=2,
        ),
        ORDERS,
    ),
    Attack(
        "providerorder",
        "order_by_the_entitys_merchant",
        again(
            "providerorder",
            "state = 'paid'",
            number="'x'",
            request_id="'x'",
            merchant_id="(SELECT MAX(id) FROM billing_merchantaccount)",
        ),
        "an order was made for the owner of its location on its day",
    ),
    Attack(
        "providerorder",
        "order_of_the_owner",
        "UPDATE billing_providerorder SET merchant_id = (SELECT MAX(id) FROM billing_merchantaccount)",
        ENTITY,
    ),
)
