"""What every group of calls shares: the line to the account, and lists that come in pages."""

from collections.abc import Mapping
from typing import Any

from crm import records
from crm.transport import Line

PAGE, PAGES_MAX = 250, 20


class Calls:
    """The calls to one account; crm.client.Client is all of them together."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def _pages(
        self, path: str, name: str, query: Mapping[str, Any], *, limit: int = PAGE
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, PAGES_MAX + 1):
            document = self._line.call("GET", path, query={**query, "page": page, "limit": limit})
            found += records.embedded(document, name)
            if not records.mapping(records.mapping(document).get("_links")).get("next"):
                break
        return found
