"""Attacks on money that went, and on what corrects it."""

from tests.mutations.attacks.words import (
    ASKED_BACK,
    BELOW_ZERO,
    CARRIED,
    CASH,
    FEES,
    INSIDE,
    ONCE,
    P501,
    PAYMENT,
    POSITIVE,
    ROW,
    SINGLE,
    TOLD,
    Attack,
    again,
)

ATTACKS = (
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
)
