"""Money that is nobody's yet: what waits for a person, and which deals it may be for.

It may be for a deal that it names (the account id of our orders) or whose contact has the e-mail it came
with, in an account of the legal entity that received it. Until a person has decided (billing.placements) it
holds that deal's reminders and overdue moves. Reads only.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing import ledger
from billing.models import Payment, Placement
from crm.models import Account, Deal

# More than that nobody overlooks; the list itself has no limit.
LOOKED_AT_MAX = 500


def waiting() -> QuerySet[Payment]:
    """Payments without a deal about which nobody has decided, that did not go back, oldest first."""
    undecided = Payment.objects.filter(
        ~Exists(Placement.objects.filter(payment=OuterRef("pk"))), deal__isnull=True
    )
    # Named as a text because the plugin does not see what with_free() adds.
    something_left = Q(("left__gt", 0))
    return ledger.with_free(undecided).filter(something_left).order_by("received_at", "id")


def of_account(account: Account) -> QuerySet[Payment]:
    """What waits and came to a legal entity of the account."""
    return waiting().filter(id__in=received_by(account).values("id"))


def received_by(account: Account) -> QuerySet[Payment]:
    """Money without a deal, decided about or not, that came to a legal entity of the account."""
    by_policy = Q(legal_entity__accountpolicy__account=account)
    by_place = Q(legal_entity__ownership__location__account=account)
    ids = Payment.objects.filter(by_policy | by_place, deal__isnull=True).values("id")
    return Payment.objects.filter(id__in=ids)


def uncounted() -> QuerySet[Payment]:
    """Money of another currency that came for a deal, about which nobody has decided."""
    return Payment.objects.filter(counted=False, deal__isnull=False, placements__isnull=True)


def may_be_for(deal: Deal) -> QuerySet[Payment]:
    """What waits and may be for the deal."""
    named = Q(payer__account_id=f"{deal.account.key}-{deal.external_id}")
    if deal.contact_email.strip():
        named |= Q(payer__email__iexact=deal.contact_email.strip())
    return of_account(deal.account).filter(named)


def deals_for(payment: Payment) -> QuerySet[Deal]:
    """The deals that the payment names or whose payer it matches."""
    key, _dash, lead = str(payment.payer.get("account_id", "")).rpartition("-")
    email = str(payment.payer.get("email", "")).strip()
    fitting = Q(pk__in=[])
    if key and lead.isdecimal() and len(lead) < 19:
        fitting |= Q(account__key=key, external_id=int(lead))
    if email:
        fitting |= Q(contact_email__iexact=email)
    return deals_of_entity(payment).filter(fitting)


def deals_of_entity(payment: Payment) -> QuerySet[Deal]:
    """Every deal of the accounts whose money the receiving legal entity takes."""
    entity = payment.legal_entity_id
    accounts = Account.objects.filter(
        Q(policy__legal_entity=entity) | Q(locations__ownerships__legal_entity=entity)
    )
    return Deal.objects.filter(account__in=accounts.values("id"))


def held_deals() -> set[int]:
    """The ids of the deals that money without a deal holds."""
    found: set[int] = set()
    for payment in waiting()[:LOOKED_AT_MAX]:
        found.update(deals_for(payment).values_list("id", flat=True))
    return found
