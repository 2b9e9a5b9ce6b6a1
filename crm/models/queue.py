"""The one vocabulary of every queue row: waiting -> done | parked.

A row is written in the transaction of the fact that causes it. A worker takes it by a lease (no lock is held
while the outside world is called), and a killed worker's row is taken again when its lease has run out.
`attempts` is counted before the call, so "attempts > 0" tells the next worker that the effect may already
exist.
"""

from django.db import models


class QueueRow(models.Model):
    """Abstract row of a queue. A parked row needs a person; `last_error` says why in words."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        PARKED = "parked"

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
