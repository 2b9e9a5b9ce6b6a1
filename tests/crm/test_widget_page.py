"""The panel hands out the widget's archive with this installation's own address, to staff only."""

import io
import zipfile

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import Settings

from widget_js import validate

pytestmark = pytest.mark.django_db


def test_staff_downloads_an_archive_that_amocrm_takes(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://pay.example.ru"
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("owner", "owner@example.org", "x"))
    answer = client.get("/admin/widget.zip")
    assert (answer.status_code, answer["Content-Disposition"]) == (200, 'attachment; filename="widget.zip"')
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    files = {name: archive.read(name) for name in archive.namelist()}
    assert validate.problems(files) == []
    assert b"https://pay.example.ru/api/v1/" in files["script.js"]
    assert not any(validate.PLACEHOLDER in content for content in files.values())


def test_nobody_else_gets_it() -> None:
    client = Client()
    assert client.get("/admin/widget.zip").status_code == 302
    client.force_login(get_user_model().objects.create_user("someone", password="x"))
    assert client.get("/admin/widget.zip").status_code == 302
