"""What tests of collection share."""

from billing.models import LegalEntity
from crm.models import Deal


def entity_of(deal: Deal) -> LegalEntity:
    """The legal entity that takes the deal's money."""
    entity = deal.account.policy.legal_entity
    assert entity is not None
    return entity
