"""A second database of the same server: the first one with its student copied until it is large."""

import os
from contextlib import closing
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from benches import school

NAME = "large"


@cache
def make(installments: int) -> int:
    """Return the lead of the student that both databases hold; Django reads the small one afterwards."""
    from django.db import connection

    student = school.make_student()
    lead: int = student.external_id
    small = connection.settings_dict["NAME"]
    connection.close()
    # A template must have no readers: this goes through a third database.
    with closing(psycopg2.connect(url("postgres"))) as own:
        own.autocommit = True
        with own.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {NAME} TEMPLATE {small}")
    school.fill(url(NAME), deal=student.pk, installments=installments)
    return lead


def url(database: str) -> str:
    """The address of another database of the benchmarks' server."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}"))
