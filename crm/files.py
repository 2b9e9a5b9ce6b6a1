"""Where the content of a file for amoCRM comes from.

crm stands below those who make files, so they tell it at start by which function a file is made; a row of the
outbox names the source and the file's id there, and the file is made when the row is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class File:
    """A whole file; `name` as people see it."""

    name: str
    content_type: str
    content: bytes


class NoFile(Exception):
    """The file cannot be made; the text says why, in words."""


_sources: dict[str, Callable[[int], File]] = {}


def register(source: str, make: Callable[[int], File]) -> None:
    """`make` gives the file of an id, or raises NoFile."""
    _sources[source] = make


def make(source: str, file_id: int) -> File:
    """The file. Raises NoFile."""
    return _sources[source](file_id)
