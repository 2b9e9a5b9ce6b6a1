"""Attacks on the terms of a deal: schedules, their versions and rows."""

# ruff: noqa: S608

from tests.mutations.attacks.words import (
    CLOSINGS,
    OPEN_ROW,
    PAID_ROW,
    ROW,
    SINGLE,
    SUMS,
    TOLD,
    VERSIONS,
    A,
    Attack,
    again,
)

ATTACKS = (
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
)
