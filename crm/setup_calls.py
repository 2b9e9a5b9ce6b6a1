"""The calls of set-up: what an account is made of, and the few things that we make there (fields, web hooks).

Users, fields and web hooks answer only to a grant that an administrator gave: Refused with status 403 else.
"""

from collections.abc import Sequence
from typing import Any

from crm import records
from crm.calls import Calls
from crm.records import AccountInfo, CustomField, Hook, PipelineInfo, User


class SetupCalls(Calls):
    def account(self) -> AccountInfo:
        return records.account(self._line.call("GET", "/api/v4/account", query={"with": "datetime_settings"}))

    def user(self, user_id: int) -> User | None:
        found = self._line.call("GET", f"/api/v4/users/{user_id}")
        return records.user(found) if found else None

    def users(self) -> list[User]:
        """Everybody of the account."""
        return [records.user(item) for item in self._pages("/api/v4/users", "users", {})]

    def pipelines(self) -> list[PipelineInfo]:
        found = self._line.call("GET", "/api/v4/leads/pipelines")
        return [records.pipeline(item) for item in records.embedded(found, "pipelines")]

    def custom_fields(self) -> list[CustomField]:
        """The custom fields of leads."""
        found = self._pages("/api/v4/leads/custom_fields", "custom_fields", {})
        return [records.custom_field(item) for item in found]

    def add_fields(self, fields: Sequence[dict[str, Any]]) -> list[CustomField]:
        """Make custom fields of leads ({name, type, code, sort, is_api_only, enums}) and return them."""
        document = self._line.call("POST", "/api/v4/leads/custom_fields", body=list(fields))
        return [records.custom_field(item) for item in records.embedded(document, "custom_fields")]

    def bots(self) -> list[tuple[int, str]]:
        """(id, name) of the account's Salesbots; Refused where amoCRM does not list them."""
        found = self._pages("/api/v4/bots", "bots", {}, limit=50)
        return [(records.number(item.get("id")), records.text(item.get("name"))) for item in found]

    def hooks(self) -> list[Hook]:
        """The account's web hooks, ours and those of others."""
        return [records.hook(item) for item in self._pages("/api/v4/webhooks", "webhooks", {})]

    def subscribe(self, *, destination: str, events: Sequence[str]) -> None:
        """Ask for web hooks at `destination`; a second call replaces the events."""
        self._line.call(
            "POST", "/api/v4/webhooks", body={"destination": destination, "settings": list(events)}
        )

    def unsubscribe(self, *, destination: str) -> None:
        """Stop the web hooks at `destination`; the address travels in the body, as amoCRM wants it."""
        self._line.call("DELETE", "/api/v4/webhooks", body={"destination": destination})
