"""The mirror of leads: fetched from amoCRM, which is the truth for every column of Deal.

A web hook is only a hint; what is written here is the answer of a fetch, or what we have just put into the
outbox (expect). The state is LOST in a stage that the account calls lost, DELETED when amoCRM no longer shows
the lead (`merged_into` names the lead that it went into, where amoCRM tells), unless a person decided that
the deal goes on. Money never depends on any of it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog
from django.db.models import F, Q, QuerySet

from crm import connection, gates, memory, merges, outbox, prices, queues, records
from crm.client import Client, Priority, Refused, Unavailable
from crm.models import Account, Deal, DealHint, OutboxRow, Pipeline

log = structlog.get_logger("grafik.deals")

LOST = 143
HINTS_MAX, RUN_SECONDS = 200, 40.0
# A lead that was never seen has no copy to show instead: waiting a little longer is better than nothing.
FIRST_LOOK_SECONDS = 6.0
# A fetch that began later has already been written: an older answer must not overwrite it.
OVERTAKEN = timedelta(minutes=1)
CONTACTS_MAX = 50
# Columns of people's own fields that we write too, by the same names (expect).
OURS = ("programme", "cohort")
PEOPLE_FRESH_SECONDS = 120


class NoSuchDeal(Exception):
    """amoCRM shows no lead of this number in the account."""


def get(*, account: Account, lead_id: int, at: datetime) -> Deal:
    """The mirrored deal; fetched when it is seen for the first time.

    Raises NoSuchDeal, and Unavailable when it must be fetched and cannot be.
    """
    deal = Deal.objects.of(account, lead_id).select_related("account").first()
    return deal or refresh(account=account, lead_id=lead_id, at=at, timeout=FIRST_LOOK_SECONDS)


def refresh(*, account: Account, lead_id: int, at: datetime, timeout: float = 2.0) -> Deal:
    """Fetch the lead and its main contact now, for a person who waits at most `timeout` seconds.

    A lead that amoCRM no longer shows becomes DELETED here; one that was never seen raises NoSuchDeal. Raises
    Unavailable without changing anything.
    """
    return _fetch(account, lead_id, at, Priority.PERSON, timeout)


def reread(*, account: Account, lead_id: int, at: datetime, timeout: float = 2.0) -> Deal:
    """The same for a click about the lead alone: people who were read two minutes ago are not asked again."""
    is_known = Deal.objects.of(account, lead_id).exists()
    kept = _people_read(account, lead_id) if is_known else None
    return _fetch(account, lead_id, at, Priority.PERSON, timeout, kept)


def expect(*, deal: Deal, **columns: str | Decimal) -> None:
    """Show at once what we are writing to amoCRM ourselves; the next fetch says what is there.

    The caller has put the same values into the outbox.
    """
    changed = {name: value for name, value in columns.items() if getattr(deal, name) != value}
    if changed:
        Deal.objects.filter(pk=deal.pk).update(**changed)
    for name, value in changed.items():
        setattr(deal, name, value)


def refresh_hinted(*, at: datetime) -> int:
    """Look up what web hooks hinted at and return how many hints were settled.

    Unknown leads are let go, unless they came past a gate.
    """
    started = time.monotonic()
    settled, busy = 0, set[int]()
    for _ in range(HINTS_MAX):
        elapsed = time.monotonic() - started
        now = at + timedelta(seconds=elapsed)
        hints = queues.claim(DealHint, at=now, where=~Q(account__in=busy)) if elapsed < RUN_SECONDS else []
        if not hints:
            break
        try:
            settled += _follow(hints[0], now)
        except Unavailable as error:
            busy.add(hints[0].account_id)
            queues.retry(hints[0], at=now, error=str(error))
    return settled


def with_people(*, account: Account, ids: Iterable[int], leads: Iterable[int] = ()) -> QuerySet[Deal, int]:
    """The numbers of the mirrored leads that have one of these people or companies, or are among `leads`."""
    wanted = Q(external_id__in=list(leads)) if leads else Q()
    for number in ids:
        wanted |= Q(contact_id=number) | Q(contacts__contains=[{"id": number}]) | Q(company__id=number)
    found = Deal.objects.filter(wanted, account=account) if wanted else Deal.objects.none()
    return found.order_by("id").values_list("external_id", flat=True)


def go_on(*, deal: Deal) -> None:
    """A person decided that a lost or deleted deal is collected as before, until amoCRM shows it live.

    Who said so of a lost deal did not say it of a deleted one.
    """
    Deal.objects.filter(pk=deal.pk).exclude(state=Deal.State.LIVE).update(
        goes_on=True, went_on_as=F("state"), state=Deal.State.LIVE
    )


def hint(*, account: Account, leads: dict[int, bool], at: datetime) -> None:
    """Remember that these leads changed (lead id -> was it deleted).

    A hint that is being followed right now is set free again: its fetch may have begun before the change.
    """
    waiting = DealHint.objects.filter(account=account, state=DealHint.State.WAITING)
    for deleted in (False, True):
        ids = [lead_id for lead_id, gone in leads.items() if gone is deleted]
        waiting.filter(lead_id__in=ids).update(deleted=deleted, leased_until=None, not_before=at)
    rows = [
        DealHint(account=account, lead_id=lead_id, deleted=deleted, not_before=at, created_at=at)
        for lead_id, deleted in leads.items()
    ]
    DealHint.objects.bulk_create(rows, ignore_conflicts=True)


def _follow(hint: DealHint, now: datetime) -> int:
    try:
        if Deal.objects.of(hint.account, hint.lead_id).exists():
            _fetch(hint.account, hint.lead_id, now, Priority.QUEUE, None)
        else:
            _meet(hint, now)
    except Refused as error:
        queues.park(hint, error=str(error))
        return 1
    # A hint has no story worth keeping. One that was set free meanwhile has another lease, and stays.
    deleted, _ = DealHint.objects.filter(pk=hint.pk, leased_until=hint.leased_until).delete()
    return deleted


def _meet(hint: DealHint, now: datetime) -> None:
    """Mirror a lead that came past a gate unknown to us, with the stage to which it can go back."""
    stage = None
    if gates.are_set(hint.account):
        stage = gates.came_from(account=hint.account, lead_id=hint.lead_id, at=now)
    if stage is not None:
        try:
            deal = _fetch(hint.account, hint.lead_id, now, Priority.QUEUE, None)
        except NoSuchDeal:
            return
        Deal.objects.filter(pk=deal.pk, previous_status_id=0).update(previous_status_id=stage)


def _fetch(
    account: Account,
    lead_id: int,
    at: datetime,
    priority: Priority,
    timeout: float | None,
    kept: "_People | None" = None,
) -> Deal:
    try:
        found = connection.run(
            account=account,
            at=at,
            work=lambda amocrm: _read(amocrm, lead_id, kept),
            priority=priority,
            budget=timeout,
        )
    except Refused as error:
        if error.status != 404:
            raise
        found = None
    if found is None:
        _write_gone(account, lead_id, at)
    else:
        _write(account, found, at)
    deal = Deal.objects.of(account, lead_id).select_related("account").get()
    deal.shown = found.lead.fields if found else None
    return deal


class _People(NamedTuple):
    """Who belonged to a lead when they were read last, and when that was (Unix seconds)."""

    ids: tuple[int, ...]
    company: int | None
    at: float


@dataclass(frozen=True)
class _Found:
    """A lead with everybody of it; the main contact is the first. None: the people that we have are kept."""

    lead: records.Lead
    contacts: tuple[records.Contact, ...] | None
    company: records.Company | None


def _read(amocrm: Client, lead_id: int, kept: _People | None) -> _Found | None:
    lead = amocrm.lead(lead_id)
    if lead is None or lead.id != lead_id:
        return None
    if kept and (kept.ids, kept.company) == (lead.contact_ids, lead.company_id):
        return _Found(lead, None, None)
    company = amocrm.company(lead.company_id) if lead.company_id else None
    return _Found(lead, tuple(_people(amocrm, lead)), company)


def _people_read(account: Account, lead_id: int) -> _People | None:
    found = memory.recall(_people_key(account, lead_id))
    return _People(tuple(found[0]), found[1], found[2]) if found else None


def _people_key(account: Account, lead_id: int) -> str:
    return f"amocrm:people:{account.id}:{lead_id}"


def _people(amocrm: Client, lead: records.Lead) -> list[records.Contact]:
    if len(lead.contact_ids) > 1:
        found = {contact.id: contact for contact in amocrm.contacts(list(lead.contact_ids[:CONTACTS_MAX]))}
        return [found[contact_id] for contact_id in lead.contact_ids if contact_id in found]
    only = amocrm.contact(lead.contact_id) if lead.contact_id else None
    return [only] if only else []


def _write_gone(account: Account, lead_id: int, at: datetime) -> None:
    """The lead is in the bin, or went into another: asked once, when we first see that it is gone."""
    known = Deal.objects.of(account, lead_id)
    decided = Q(goes_on=True, went_on_as=Deal.State.DELETED)
    gone = known.exclude(decided).exclude(state=Deal.State.DELETED).first()
    if gone is not None:
        into = merges.survivor(account=account, gone=gone, at=at)
        known.update(state=Deal.State.DELETED, goes_on=False, merged_into=into)
    if not known.update(fetched_at=at):
        raise NoSuchDeal(lead_id)


def _write(account: Account, found: _Found, at: datetime) -> None:
    lead = found.lead
    people = _people_columns(found.contacts, found.company) if found.contacts is not None else {}
    columns = _columns(account, lead) | people | {"fetched_at": at}
    known = Deal.objects.of(account, lead.id)
    names = ("id", "fetched_at", "status_id", "goes_on", "went_on_as", "price", "state")
    before = known.values(*names).first()
    if before is None:
        new = Deal(account=account, external_id=lead.id, status_seen_at=at, **columns)
        Deal.objects.bulk_create([new], ignore_conflicts=True)
        _remember_people(account, found, at)
        return
    if at < before["fetched_at"] < at + OVERTAKEN:
        # A click for the lead alone has overtaken us: of its people we know more.
        last = _people_read(account, lead.id)
        if people and last is not None and last.at < at.timestamp():
            known.update(**people)
            _remember_people(account, found, at)
        return
    # Deleted, gone on with, restored and moved to a lost stage since: that loss nobody was asked about.
    lost_since = before["went_on_as"] == Deal.State.DELETED and before["status_id"] != lead.status_id
    if columns["state"] == Deal.State.LOST and before["goes_on"] and not lost_since:
        columns["state"] = Deal.State.LIVE
    else:
        columns["goes_on"] = False
    if before["status_id"] != lead.status_id:
        columns |= {"previous_status_id": before["status_id"], "status_seen_at": at}
    for name in _coming(before["id"], since=at):
        del columns[name]
    known.update(**columns)
    _remember_people(account, found, at)
    went_on = before["goes_on"] and before["went_on_as"] == Deal.State.DELETED
    if before["state"] == Deal.State.DELETED or went_on:
        outbox.come_back(deal_id=before["id"], at=at)
    prices.remember(deal_id=before["id"], before=before["price"], after=columns["price"], at=at)


def _coming(deal_id: int, *, since: datetime) -> set[str]:
    """What of a deal is still on its way to amoCRM, or came there after a reading began: that is older."""
    unread = Q(state=OutboxRow.State.WAITING) | Q(done_at__gte=since)
    rows = OutboxRow.objects.filter(unread, deal=deal_id, kind=OutboxRow.Kind.FIELDS)
    return {name for payload in rows.values_list("payload", flat=True) for name in OURS if name in payload}


def _remember_people(account: Account, found: _Found, at: datetime) -> None:
    if found.contacts is not None:
        read = _People(found.lead.contact_ids, found.lead.company_id, at.timestamp())
        memory.keep(_people_key(account, found.lead.id), tuple(read), seconds=PEOPLE_FRESH_SECONDS)


def _columns(account: Account, lead: records.Lead) -> dict[str, Any]:
    def mapped(ours: str) -> Any:
        field_id = account.fields.get(ours)
        return lead.fields.get(field_id) if field_id is not None else None

    return {
        "name": lead.name,
        "price": Decimal(lead.price),
        "pipeline_id": lead.pipeline_id,
        "status_id": lead.status_id,
        "responsible_user_id": lead.responsible_user_id,
        "programme": records.text(mapped("programme")),
        "cohort": records.text(mapped("cohort")),
        "location_value": records.text(mapped("location")),
        "service_on": _day(mapped("service_on"), account),
        "asked": _asked(mapped, account),
        "merged_into": None,
        "state": Deal.State.LOST if _is_lost(account, lead) else Deal.State.LIVE,
    }


def _people_columns(contacts: tuple[records.Contact, ...], company: records.Company | None) -> dict[str, Any]:
    first = contacts[0] if contacts else None
    return {
        "contact_id": first.id if first else None,
        "contact_name": first.name if first else "",
        "contact_email": first.email if first else "",
        "contact_phone": first.phone if first else "",
        "contacts": [asdict(one) for one in contacts],
        "company": _company(company),
    }


def _asked(mapped: Callable[[str], Any], account: Account) -> dict[str, str]:
    """What the deal says of its own schedule; texts as people typed them, the day as ISO."""
    first_on = _day(mapped("schedule_first_on"), account)
    told = {
        "count": records.text(mapped("schedule_count")),
        "monthly": records.text(mapped("schedule_monthly")),
        "first_on": first_on.isoformat() if first_on else "",
    }
    return {name: text for name, text in told.items() if text}


def _company(company: records.Company | None) -> dict[str, Any]:
    """The requisites as a payer of ours has them; empty without a company."""
    if company is None:
        return {}
    plain = asdict(company)
    bank = {"bic": plain.pop("bic"), "account": plain.pop("bank_account")}
    return {**plain, "bank": bank}


def _is_lost(account: Account, lead: records.Lead) -> bool:
    pipeline = Pipeline.objects.filter(account=account, external_id=lead.pipeline_id).first()
    return lead.status_id in (pipeline.lost_statuses if pipeline else (LOST,))


def _day(value: Any, account: Account) -> date | None:
    """amoCRM keeps a date as Unix seconds of the account's midnight; RFC 3339 is understood too."""
    try:
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            moment = datetime.fromisoformat(value)
        else:
            moment = datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return moment.astimezone(ZoneInfo(account.time_zone)).date() if moment.tzinfo else moment.date()
