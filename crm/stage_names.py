"""What the pipelines and stages of an account are called, as amoCRM last said.

Nothing of ours depends on a name, so there is no table: names are heard once an hour together with those of
the people (crm.tasks.hear_names) and whenever somebody sets the account up, and remembered for pages that
must not wait for amoCRM. What was never heard is called by its number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crm import client, connection, memory
from crm.models import Account, Connection
from crm.records import PipelineInfo

HEARD_SECONDS = 30 * 24 * 3600
PATIENCE_SECONDS, BUDGET_SECONDS = 1.0, 3.0


@dataclass(frozen=True)
class Named:
    """A pipeline's name, and the names of its stages by number in amoCRM's order."""

    name: str
    stages: Mapping[int, str]


def remembered(*, account: Account) -> Mapping[int, Named]:
    """The pipelines by number; empty while nothing was heard."""
    known: dict[int, tuple[str, dict[int, str]]] = memory.recall(_key(account)) or {}
    return {number: Named(name, stages) for number, (name, stages) in known.items()}


def heard(*, account: Account, pipelines: Iterable[PipelineInfo]) -> None:
    """Remember what amoCRM just said."""
    known = {one.id: (one.name, {stage.id: stage.name for stage in one.stages}) for one in pipelines}
    if known:
        memory.keep(_key(account), known, seconds=HEARD_SECONDS)


def ask_all(*, at: datetime) -> None:
    """Hear the names of every connected account again; one that cannot be asked keeps the old ones."""
    for account in Account.objects.filter(connection__state=Connection.State.CONNECTED).order_by("pk"):
        try:
            found = connection.run(
                account=account,
                at=at,
                work=client.Client.pipelines,
                patience=PATIENCE_SECONDS,
                budget=BUDGET_SECONDS,
            )
        except client.CrmError:
            continue
        heard(account=account, pipelines=found)


def _key(account: Account) -> str:
    return f"stages-heard:{account.pk}"
