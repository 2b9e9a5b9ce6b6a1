"""Queues of billing: calls to providers, messages to payers; parked rows can be tried again."""

from typing import ClassVar

from django.contrib import admin

from billing.admin import words
from billing.models import Message, ProviderCall
from crm.admin import QueuePage
from crm.panel import ChoiceWords


@admin.register(ProviderCall)
class ProviderCallPage(QueuePage):
    list_display = ("id", "created_at", "merchant", "kind", "state", "attempts", "last_error")
    list_filter = (("state", ChoiceWords), ("kind", ChoiceWords), "merchant")
    list_select_related = ("merchant",)
    search_fields = ("key", "=order__number")


@admin.register(Message)
class MessagePage(QueuePage):
    stored_words: ClassVar = {"channel": words.CHANNELS}
    hidden = ("html",)
    list_display = ("id", "created_at", "channel", "to", "subject", "deal", "state", "last_error")
    list_filter = (("state", ChoiceWords), ("channel", ChoiceWords), "account")
    list_select_related = ("deal",)
    search_fields = ("to", "subject", "=deal__external_id")
