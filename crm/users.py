"""What the people of an account are called, and who of them sees only the own deals.

We keep no mirror of users: names are asked of amoCRM when somebody reads them and remembered for an hour.
While amoCRM cannot be asked, or refuses because the grant is no administrator's, a person is called by the
number, and amoCRM is left alone for a minute; whoever it last named as limited stays so.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from crm import client, connection, memory
from crm.models import Account, Connection

KEPT_SECONDS, LEFT_ALONE_SECONDS = 3600, 60
HEARD_SECONDS = 30 * 24 * 3600
PATIENCE_SECONDS, BUDGET_SECONDS = 1.0, 3.0


class Names(Mapping[int, str]):
    """Names by amoCRM's user id: who is unknown is called by the number, nobody (0) has none."""

    def __init__(self, known: Mapping[int, str]) -> None:
        self._known = dict(known)

    def __getitem__(self, user_id: int) -> str:
        if not user_id:
            return ""
        return self._known.get(user_id) or _("User %(id)s") % {"id": user_id}

    def __iter__(self) -> Iterator[int]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def names(*, account: Account, at: datetime) -> Names:
    """The names of the account's users; calls amoCRM at most once an hour, never fails."""
    key = f"users:{account.pk}"
    known: dict[int, str] | None = memory.recall(key)
    if known is None:
        known, seconds = _asked(account, at)
        memory.keep(key, known, seconds=seconds)
        if known:
            memory.keep(f"users-heard:{account.pk}", known, seconds=HEARD_SECONDS)
    return Names(known)


def sees_only_own(*, account: Account, user_id: int, at: datetime) -> bool:
    """Does amoCRM keep the deals of others from this user? Whoever sees a group's counts as limited too."""
    names(account=account, at=at)
    limited: frozenset[int] | None = memory.recall(_limited_key(account))
    return user_id in (limited or ())


def remembered(*, account: Account) -> Mapping[int, str]:
    """The names as they were last heard, for pages that must not wait for amoCRM."""
    known: dict[int, str] | None = memory.recall(f"users-heard:{account.pk}")
    return known or {}


def ask_all(*, at: datetime) -> None:
    """Hear the names of every connected account again, so that they are remembered where nobody asks."""
    for account in Account.objects.filter(connection__state=Connection.State.CONNECTED).order_by("pk"):
        names(account=account, at=at)


def _asked(account: Account, at: datetime) -> tuple[dict[int, str], int]:
    try:
        users = connection.run(
            account=account,
            at=at,
            work=client.Client.users,
            priority=client.Priority.PERSON,
            patience=PATIENCE_SECONDS,
            budget=BUDGET_SECONDS,
        )
    except client.CrmError:
        return {}, LEFT_ALONE_SECONDS
    limited = frozenset(user.id for user in users if not user.sees_all)
    memory.keep(_limited_key(account), limited, seconds=HEARD_SECONDS)
    return {user.id: user.name for user in users}, KEPT_SECONDS


def _limited_key(account: Account) -> str:
    return f"users-limited:{account.pk}"
