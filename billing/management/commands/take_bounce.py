"""manage.py take_bounce: a mail that came back, from the standard input: what a mail server's pipe calls."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing import bounces


class Command(BaseCommand):
    help = "Take a notice of failed delivery (RFC 3464) from the standard input."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            bounce = bounces.take(raw=sys.stdin.buffer.read(bounces.BYTES_MAX), at=timezone.now())
        except bounces.NotABounce:
            # The server must not bounce a bounce: what is none of ours is taken and forgotten.
            self.stdout.write("not about a mail of ours")
            return
        self.stdout.write(f"message {bounce.message_id}: {bounce.reason}")
