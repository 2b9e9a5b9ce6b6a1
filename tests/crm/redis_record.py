"""What Redis was asked for places of amoCRM's limit, and what it gave, in its own order and on its own clock.

A MONITOR of the server: each question is a call of the script, each place that was taken is the ZADD inside
it, with the moment that the script wrote down.
"""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import redis


@dataclass(frozen=True)
class Ask:
    """One question; `at` in seconds, to the millisecond where a place was taken."""

    at: float
    account: str
    priority: str
    taken: bool


class Record:
    """Watches one account, or all, from entering on; asks() ends it."""

    def __init__(self, account: str = "") -> None:
        self._account = account

    def __enter__(self) -> Self:
        # The client's own types know nothing of monitors.
        self._client: Any = redis.Redis.from_url(os.environ["REDIS_URL"])
        self._monitor: Any = self._client.monitor()  # type: ignore[no-untyped-call]
        self._monitor.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._monitor.__exit__(kind, error, trace)
        self._client.close()

    def asks(self) -> list[Ask]:
        """Every question so far, in the order in which Redis answered."""
        found: list[Ask] = []
        for at, inside, words in self._lines():
            if words[0].upper() == "EVAL" and "ZCARD" in words[1]:
                account = words[3].removeprefix("amocrm:").removesuffix(":window")
                found.append(Ask(at, account, words[-2], taken=False))
            elif inside and words[0].upper() == "ZADD" and words[1].endswith(":window") and words[2] != "XX":
                last = found.pop()
                found.append(Ask(int(words[2]) / 1000, last.account, last.priority, taken=True))
        return [ask for ask in found if self._account in ("", ask.account)]

    def _lines(self) -> Iterator[tuple[float, bool, list[str]]]:
        """Moment, whether a script did it, the words; up to this very question."""
        end = uuid.uuid4().hex
        self._client.echo(end)
        for line in self._monitor.listen():
            if end in line["command"]:
                return
            yield line["time"], line["client_type"] == "lua", _words(line["command"])


def _words(command: str) -> list[str]:
    """The command's words; redis-py hands them out joined, and a script has blanks of its own."""
    head, _blank, tail = command.partition(" ")
    if head.upper() != "EVAL":
        return command.split(" ")
    script, keys, args = tail.rpartition("return 0")
    return [head, script + keys, *args.replace("\\n", " ").split()]


def worst_second(moments: list[float]) -> int:
    """The most requests in any window of one second."""
    return max(sum(1 for other in moments if start <= other < start + 1) for start in moments)
