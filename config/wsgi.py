"""The web server's entry point; loaded once, before the processes are forked (gunicorn --preload).

What every process needs sooner or later is loaded here: else the first click in each of them waits for it.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()


def _load() -> None:
    """All addresses with what stands behind them, and the calendar of holidays of every country."""
    from django.urls import get_resolver

    from billing import workdays

    _ = get_resolver().url_patterns
    workdays.built_in()


_load()
