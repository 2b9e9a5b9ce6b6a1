"""What an account's people, stages and cohorts are called, for the choices of the panel.

From what was last heard of amoCRM and from the mirrored deals: a page of the panel does not wait for amoCRM.
"""

from billing.models import AccountPolicy
from crm import stage_names, users
from crm.models import Account, Deal

COHORTS_MAX = 200


def people(account: Account) -> list[tuple[str, str]]:
    """(number, name) of the account's users, by name."""
    found = users.remembered(account=account).items()
    return sorted(((str(number), name) for number, name in found), key=lambda one: one[1].casefold())


def stages(account: Account) -> list[tuple[str, str]]:
    """(number, "pipeline · stage") of the account, as amoCRM orders them."""
    return [
        (str(stage), f"{pipeline.name} · {name}")
        for pipeline in stage_names.remembered(account=account).values()
        for stage, name in pipeline.stages.items()
    ]


def cohorts(account: Account) -> list[str]:
    """The cohorts that the account's deals and rules name."""
    deals = Deal.objects.filter(account=account).exclude(cohort="")
    found = set(deals.order_by("cohort").values_list("cohort", flat=True).distinct()[:COHORTS_MAX])
    policy = AccountPolicy.objects.filter(account=account).first()
    ruled = [*policy.cohorts, *policy.cohort_reminders] if policy else []
    return sorted(found | {line["cohort"] for line in ruled})
