"""What the inbox is compared with: the product's own web server with one more door, which inserts one row by
the ORM and answers. Started by gunicorn as `benches.bare:application`, never by the product.
"""

import os
import sys
import uuid
from types import ModuleType
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TABLE = "CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, key text UNIQUE, body bytea)"
PATH = "/bench/insert/"


def _application() -> Any:
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    settings.ROOT_URLCONF = _urls().__name__
    return application


def _urls() -> ModuleType:
    from django.db import models
    from django.http import HttpRequest, HttpResponse
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt

    from config import urls

    class Row(models.Model):
        key = models.TextField(unique=True)
        body = models.BinaryField()

        class Meta:
            app_label = "billing"
            managed = False
            db_table = "bench_row"

    @csrf_exempt
    def insert(request: HttpRequest) -> HttpResponse:
        Row._default_manager.create(key=uuid.uuid4().hex, body=request.body)
        return HttpResponse('{"code": 0}', content_type="application/json")

    module = ModuleType("benches.bare_urls")
    module.urlpatterns = [path(PATH.lstrip("/"), insert), *urls.urlpatterns]  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    return module


application = _application() if os.environ.get("BENCH_SERVER") else None
