"""Leads that nobody has opened here yet, but that came past a stage gate: they are mirrored to be held.

A gate (Pipeline.gated_statuses) is judged on mirrored deals, and a lead is mirrored when somebody works with
it. Where an account has gates, a hint of an unknown lead is therefore worth one call: does it stand in a
gated stage? The stage that it came from is what amoCRM's list of events says, never what a web hook says;
one that came from nowhere or from another pipeline has no way back, and is let be.
"""

from datetime import datetime, timedelta

from crm import connection
from crm.client import Client
from crm.models import Account, Pipeline

# Nothing leaves these stages: a gate there could only tell, not hold.
FINAL = (142, 143)
MOVED, SEEN = "lead_status_changed", timedelta(days=2)


def are_set(account: Account) -> bool:
    """Has the account any gate?"""
    return Pipeline.objects.filter(account=account).exclude(gated_statuses=[]).exists()


def came_from(*, account: Account, lead_id: int, at: datetime) -> int | None:
    """The open stage from which this lead came past a gate; None when it did not.

    Raises Unavailable, Refused.
    """
    gated = {
        row.external_id: row.gated_statuses
        for row in Pipeline.objects.filter(account=account).exclude(gated_statuses=[])
    }

    def ask(amocrm: Client) -> int | None:
        lead = amocrm.lead(lead_id)
        if lead is None or lead.status_id not in gated.get(lead.pipeline_id, []):
            return None
        told = amocrm.events(
            types=(MOVED,), since=at - SEEN, until=at + SEEN, entity="lead", entity_id=lead_id
        )
        stages = [(event.left_pipeline, event.left_stage) for event in told if event.entity_id == lead_id]
        return _open_stage(stages, pipeline=lead.pipeline_id, gated=gated[lead.pipeline_id])

    return connection.run(account=account, at=at, work=ask) if gated else None


def _open_stage(stages: list[tuple[int, int]], *, pipeline: int, gated: list[int]) -> int | None:
    """The newest stage before the gate, as long as the lead stayed in its pipeline; `stages` newest first."""
    for left_pipeline, left_stage in stages:
        if left_pipeline != pipeline:
            return None
        if left_stage not in gated:
            return left_stage
    return None
