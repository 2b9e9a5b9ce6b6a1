"""The sandbox's memory: JSON documents in one SQLite file.

A document lives in a collection under a text key; collections keep insertion order. One connection behind one
re-entrant lock serves all threads. WAL with synchronous=NORMAL: what was committed survives kill -9 of the
process (not a power cut, which a sandbox may lose). Counters survive `reset`, so a number is never given
twice.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Document = dict[str, Any]

_SCHEMA = """
create table if not exists documents (
    position integer primary key autoincrement,
    collection text not null,
    key text not null,
    document text not null,
    unique (collection, key)
);
create table if not exists numbers (name text primary key, value integer not null);
"""


class Store:
    """Collections of JSON documents. Documents handed out are copies: change one, then `put` it back."""

    def __init__(self, path: str | Path) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=normal")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock and commit at the end of the outermost block; an exception rolls all of it back."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("begin immediate")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("rollback")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("commit")

    def get(self, collection: str, key: str) -> Document | None:
        with self._lock:
            row = self._connection.execute(
                "select document from documents where collection = ? and key = ?", (collection, key)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, collection: str, key: str, document: Document) -> None:
        """Insert or replace; a replaced document keeps its place in the order."""
        text = json.dumps(document, ensure_ascii=False)
        with self.transaction():
            self._connection.execute(
                "insert into documents (collection, key, document) values (?, ?, ?) "
                "on conflict (collection, key) do update set document = excluded.document",
                (collection, key, text),
            )

    def delete(self, collection: str, key: str) -> None:
        with self.transaction():
            self._connection.execute(
                "delete from documents where collection = ? and key = ?", (collection, key)
            )

    def all(self, collection: str) -> list[Document]:
        """Every document of the collection in insertion order."""
        with self._lock:
            rows = self._connection.execute(
                "select document from documents where collection = ? order by position", (collection,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def clear(self, collection: str) -> None:
        with self.transaction():
            self._connection.execute("delete from documents where collection = ?", (collection,))

    def keep_last(self, collection: str, count: int) -> None:
        """Delete the oldest documents beyond `count`."""
        with self.transaction():
            self._connection.execute(
                "delete from documents where collection = ? and position <= (select position from documents "
                "where collection = ? order by position desc limit 1 offset ?)",
                (collection, collection, count),
            )

    def reset(self) -> None:
        """Forget every document of every collection. Numbers already given stay given."""
        with self.transaction():
            self._connection.execute("delete from documents")

    def next_number(self, name: str, first: int = 1) -> int:
        """The next number of a named counter: `first`, then one more each time."""
        with self.transaction():
            self._connection.execute(
                "insert into numbers (name, value) values (?, ?) "
                "on conflict (name) do update set value = value + 1",
                (name, first),
            )
            row = self._connection.execute("select value from numbers where name = ?", (name,)).fetchone()
        return int(row[0])

    def close(self) -> None:
        with self._lock:
            self._connection.close()
