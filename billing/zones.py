"""Whose clock counts: the payer's wall clock for messages.

The zone of the phone's region where the number names one, else of the deal's location, else of the account. A
mobile number of Russia names sixteen zones and so none.
"""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from phonenumbers import timezone as phone_zones

from billing.models import Location
from billing.rules import reminders as hours
from crm.models import Deal


def opening(deal: Deal, *, at: datetime, is_working: Callable[[date], bool]) -> datetime | None:
    """When the payer may be written to by a machine; None for now."""
    local = payer_now(deal, at=at)
    found = hours.next_opening(local, is_working=is_working)
    return found if found > local else None


def payer_now(deal: Deal, *, at: datetime) -> datetime:
    """Return the payer's local time at a moment."""
    return at.astimezone(payer_zone(deal))


def payer_zone(deal: Deal) -> ZoneInfo:
    """Return the time zone in which the payer is written to."""
    of_phone = _of_phone(deal.contact_phone)
    if of_phone is not None:
        return of_phone
    if deal.location_value:
        zones = Location.objects.filter(account=deal.account_id, crm_value=deal.location_value)
        named = zones.values_list("time_zone", flat=True).first()
        if named:
            return ZoneInfo(named)
    return deal.zone


def _of_phone(text: str) -> ZoneInfo | None:
    try:
        number = phonenumbers.parse(text, "RU")
    except phonenumbers.NumberParseException:
        return None
    names = phone_zones.time_zones_for_number(number)
    known = len(names) == 1 and names[0] in available_timezones()
    return ZoneInfo(names[0]) if known else None
