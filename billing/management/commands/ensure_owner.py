"""manage.py ensure_owner: there is a person who may do everything in the admin panel."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction


class Command(BaseCommand):
    help = "Make the owner of the admin panel, or give the existing one this password and all rights."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--password", required=True)

    def handle(self, *args: Any, username: str, password: str, **options: Any) -> None:
        """A second call with the same password changes nothing, so sessions stay valid."""
        with transaction.atomic():
            user, _created = get_user_model().objects.select_for_update().get_or_create(username=username)
            rights = user.is_active and user.is_staff and user.is_superuser
            if rights and user.check_password(password):
                return
            user.is_active = user.is_staff = user.is_superuser = True
            if not user.check_password(password):
                user.set_password(password)
            user.save()
