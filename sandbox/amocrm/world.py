"""The emulated amoCRM accounts as tables of rows.

`World` is what the whole emulator stands on: the store, the clock, the job queue, the two addresses. `Crm`
is one account (one subdomain) of it: plain dictionaries in named tables, and the numbers of new rows.
Nothing here knows HTTP, and nothing here decides what amoCRM would answer.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.jobs import Jobs
from sandbox.journal import Journal
from sandbox.store import Store

Row = dict[str, Any]

# New rows are numbered far above the seeded ones, so that a story never meets a seeded id.
FIRST_NUMBER = {
    "leads": 7_800_000,
    "contacts": 9_980_000,
    "companies": 9_880_000,
    "fields": 920_000,
    "enums": 1_310_000,
    "tags": 60_500,
    "notes": 41_000_000,
    "tasks": 51_000_000,
    "hooks": 61_000,
    "events": 71_000_000,
    "messages": 81_000_000,
    "sessions": 26_400_000,
    "triggers": 27_000,
    "bots": 33_900,
}

WON, LOST = 142, 143


@dataclass(frozen=True)
class World:
    """What the emulator stands on; `public_url` is the sandbox's own address, `product_url` the product's."""

    store: Store
    clock: Clock
    jobs: Jobs
    public_url: str
    product_url: str

    def crm(self, subdomain: str) -> Crm | None:
        """The account of this subdomain, or None when nobody seeded it or it is called otherwise now."""
        if self.store.get("amocrm/renamed", subdomain):
            return None
        for row in self.store.all("amocrm/renamed"):
            if row["now"] == subdomain:
                return Crm(self, str(row["was"]))
        crm = Crm(self, subdomain)
        return crm if crm.known() else None

    def rename(self, crm: Crm, now: str) -> None:
        """The account moves to another subdomain; its old address knows it no longer."""
        self.store.put("amocrm/renamed", crm.subdomain, {"was": crm.subdomain, "now": now})

    def name_of(self, crm: Crm) -> str:
        """The account's subdomain as it is now."""
        row = self.store.get("amocrm/renamed", crm.subdomain)
        return str(row["now"]) if row else crm.subdomain

    def crms(self) -> list[Crm]:
        """Every seeded account."""
        return [Crm(self, str(row["subdomain"])) for row in self.store.all("amocrm/accounts")]

    def moment(self) -> int:
        """The sandbox's present in Unix seconds."""
        return int(self.clock.now().timestamp())

    def later(self, seconds: float) -> datetime:
        """A moment `seconds` from the sandbox's present, as the job queue wants it."""
        return self.clock.now() + timedelta(seconds=seconds)

    @property
    def faults(self) -> Faults:
        return Faults(self.store)

    @property
    def journal(self) -> Journal:
        return Journal(self.store)

    @property
    def origin(self) -> str:
        """Scheme and host of the sandbox: what stands for the account's address in signed tokens."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def root(self) -> str:
        """Where the emulator of amoCRM hangs."""
        return f"{self.public_url.rstrip('/')}/amocrm"


class Crm:
    """One account: its tables and its settings."""

    def __init__(self, world: World, subdomain: str) -> None:
        self.world = world
        self.subdomain = subdomain
        self._account: Row | None = None

    def known(self) -> bool:
        return self.world.store.get("amocrm/accounts", self.subdomain) is not None

    @property
    def account(self) -> Row:
        """The settings row of the account."""
        if self._account is None:
            self._account = self.world.store.get("amocrm/accounts", self.subdomain)
        if self._account is None:
            raise LookupError(f"no account {self.subdomain!r} in the sandbox")
        return self._account

    @property
    def url(self) -> str:
        """The account's address, without a slash at the end."""
        return f"{self.world.root}/{self.subdomain}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(str(self.account.get("time_zone", "Europe/Moscow")))

    def get(self, table: str, key: int | str) -> Row | None:
        return self.world.store.get(self._name(table), str(key))

    def put(self, table: str, row: Row) -> Row:
        self.world.store.put(self._name(table), str(row["id"]), row)
        return row

    def drop(self, table: str, key: int | str) -> None:
        self.world.store.delete(self._name(table), str(key))

    def rows(self, table: str) -> list[Row]:
        """All rows of a table, oldest number first."""
        return sorted(
            self.world.store.all(self._name(table)), key=lambda row: (len(str(row["id"])), str(row["id"]))
        )

    def number(self, table: str) -> int:
        """The number of the next new row of a table."""
        return self.world.store.next_number(self._name(table), FIRST_NUMBER[table])

    def statuses(self, pipeline_id: int) -> list[Row]:
        pipeline = self.get("pipelines", pipeline_id)
        return list(pipeline["statuses"]) if pipeline else []

    def status_name(self, pipeline_id: int, status_id: int) -> str:
        for status in self.statuses(pipeline_id):
            if status["id"] == status_id:
                return str(status["name"])
        return ""

    def user_name(self, user_id: int) -> str:
        user = self.get("users", user_id)
        return str(user["name"]) if user else "Робот"

    def _name(self, table: str) -> str:
        return f"amocrm/{self.subdomain}/{table}"


def fresh_uuid() -> str:
    return str(uuid.uuid4())
