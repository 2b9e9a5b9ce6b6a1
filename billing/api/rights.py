"""What an account leaves to its amoCRM administrators: the card does not offer it to others, doors refuse it.

`AccountPolicy.admin_only` names the rights; a door names its own in `Door.right`. An administrator of amoCRM,
as its token says, and staff of the panel may everything.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from billing.api.authentication import ApiUser
from billing.api.problems import Problem
from billing.models import AccountPolicy

# Right → the actions of the card that it covers.
RIGHTS = {
    "refund": ("refund",),
    "cancel": ("cancel", "settle", "decide_loss"),
    "offline_payment": ("full_payment", "partial_payment", "reverse"),
    "write_off": ("write_off", "reverse_write_off", "waive_fees"),
    "move": ("move", "split"),
}


def demand(user: ApiUser, right: str) -> None:
    """Refuse who lacks the right; an empty one is everybody's."""
    if right and right in _withheld(user):
        raise Problem(403, "admin_only", _("In this account only an administrator of amoCRM may do this."))


def offered(user: ApiUser, actions: Iterable[str]) -> list[str]:
    """The actions that this caller may take."""
    held = {action for right in _withheld(user) for action in RIGHTS.get(right, ())}
    return [action for action in actions if action not in held]


def _withheld(user: ApiUser) -> list[str]:
    if user.staff or user.caller.is_admin:
        return []
    found = (
        AccountPolicy.objects.filter(account=user.caller.account).values_list("admin_only", flat=True).first()
    )
    return list(found or [])
