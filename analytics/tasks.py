"""Celery's door of analytics: it may be lost, doubled or late without harm."""

from celery import shared_task
from django.utils import timezone

from analytics import exports
from analytics.api.workbooks import question_of


@shared_task(name=exports.TASK)
def build_exports() -> None:
    exports.build(at=timezone.now(), read=question_of)
