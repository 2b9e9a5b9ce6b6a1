"""Choices of set-up that do not go together: one field for two uses, one stage for both paid and overdue."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from crm import gates, setup_fields

PAID = ("completed_status", "paid_status", "deposit_status")


class FieldTaken(Exception):
    """A field that we fill is chosen for something else too: the message names both, `ours` is what for."""

    def __init__(self, ours: list[str]) -> None:
        names = ", ".join(f"«{setup_fields.SPECS[one].name}»" for one in ours)
        words = _("One field of amoCRM is chosen for %(names)s: each needs its own.")
        super().__init__(words % {"names": names})
        self.ours = ours


def check_fields(stored: Mapping[str, int], chosen: Mapping[str, int | None]) -> None:
    """A field that we fill serves nothing else; what is only read may be read twice. Raises FieldTaken."""
    fields = {name: chosen.get(name, stored.get(name)) for name in setup_fields.SPECS}
    for field_id in {one for one in fields.values() if one}:
        ours = [name for name, one in fields.items() if one == field_id]
        if len(ours) > 1 and any(setup_fields.SPECS[name].is_ours for name in ours):
            raise FieldTaken(ours)


def wrong_stages(stages: Mapping[str, int | None]) -> dict[str, str]:
    """What is wrong with the stages of a pipeline, in words, by their names; empty when nothing is.

    A debtor who is moved to a final stage never comes back from it, and one who stands where paid deals stand
    looks paid.
    """
    overdue = stages.get("overdue_status")
    if overdue in gates.FINAL:
        return {"overdue_status": _("A deal does not come back from this stage: choose an open one.")}
    if overdue and overdue in [stages.get(name) for name in PAID]:
        return {"overdue_status": _("Deals that were paid go to this stage: choose another one.")}
    return {}
