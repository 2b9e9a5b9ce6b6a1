"""What happens when: entries in calendar order, the robots' hours among them."""

import heapq
import itertools
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

Entry = Callable[[datetime], None]
# The robots' hours, as the beat would keep them.
FLAGGING, ISSUING, REMINDING = time(0, 5), time(9, 0), time(9, 5)
# The last minute of the story: what was due yesterday is flagged, today's work is left to the living demo.
END = time(0, 10)


class Diary:
    """Entries of the days from `first` to the early morning of `today`, in the zone of the account."""

    def __init__(self, *, first: date, today: date, zone: ZoneInfo) -> None:
        self.first, self.today, self.zone = first, today, zone
        self._end = self.moment(today, END)
        self._entries: list[tuple[datetime, int, Entry]] = []
        self._order = itertools.count()

    def moment(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=self.zone)

    def some_hour(self, day: date, random: Random) -> datetime:
        """A moment of the waking part of a day."""
        return self.moment(day, time(9, 30)) + timedelta(seconds=random.randrange(12 * 3600))

    def add(self, at: datetime, entry: Entry) -> None:
        """Write an entry down; what would happen after the story does not happen."""
        if at < self._end:
            heapq.heappush(self._entries, (at, next(self._order), entry))

    def days(self) -> int:
        return (self.today - self.first).days + 1

    def live(self, *, until: date) -> None:
        """Let everything happen that is written down until the end of a day, also what comes up meanwhile."""
        midnight = self.moment(until + timedelta(days=1), time(0))
        while self._entries and self._entries[0][0] < midnight:
            at, _, entry = heapq.heappop(self._entries)
            entry(at)
