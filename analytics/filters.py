"""What is asked: one account, a period, a day of view, and narrowing by the deal's circumstances.

`since` and `until` are inclusive local days of the account; money is narrowed by its own day, rows of a
schedule by `due_on`. Nothing that happened after `as_of`, or was recorded after `known_at`, is seen. `params`
gives the values of analytics/sql: what is not asked is infinite or null, so that every query is one text.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm.models import Account

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """`provider` narrows received money only; `offline` is money that came past every provider."""

    account: Account
    as_of: date
    today: date
    since: date | None = None
    until: date | None = None
    known_at: datetime | None = None
    programme: str | None = None
    cohort: str | None = None
    manager: int | None = None
    location: str | None = None
    legal_entity: str | None = None
    provider: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.account.time_zone)

    def params(self) -> dict[str, Any]:
        """Return the values for the queries; a local day is a half-open span of moments."""
        seen_until = self.as_of if self.until is None else min(self.until, self.as_of)
        return {
            "account": self.account.pk,
            "zone": self.account.time_zone,
            "since": self.since or "-infinity",
            "until": self.until or "infinity",
            "from_at": self._start(self.since) if self.since else "-infinity",
            "till_at": self._start(seen_until + timedelta(days=1)),
            "as_of": self.as_of,
            "as_of_till": self._start(self.as_of + timedelta(days=1)),
            "hindsight": self.as_of < self.today or self.known_at is not None,
            "known_now": self.known_at is None,
            "known_at": self.known_at or "infinity",
            "programme": self.programme,
            "cohort": self.cohort,
            "manager": self.manager,
            "location": self.location,
            "legal_entity": self.legal_entity,
            "provider": self.provider,
        }

    def _start(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self.zone)
