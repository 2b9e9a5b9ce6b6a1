"""What the web server loads before it forks, so that nobody's first click waits for it."""

import subprocess
import sys

from config import settings

LOOK = """
import sys
import config.wsgi
from django.urls import get_resolver
print("billing.api.deals" in sys.modules, "url_patterns" in vars(get_resolver()))
print("holidays.countries" in sys.modules)
"""


def test_addresses_and_the_calendar_are_loaded_before_the_first_request() -> None:
    said = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=settings.ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["True", "True", "True"]
