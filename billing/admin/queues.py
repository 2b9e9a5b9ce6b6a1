"""Queues of billing: calls to providers, messages to payers; parked rows can be tried again."""

import re
from typing import ClassVar

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin import words
from billing.messages import EMAIL
from billing.models import Message, ProviderCall
from crm.admin import QueuePage
from crm.panel import ChoiceWords

# How the channels call a payer without an e-mail (billing.due_steps).
_NUMBERED = re.compile(r"(contact|deal):\d+")


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

    @admin.display(description=_("Recipient"), ordering="to")
    def to_shown(self, row: Message) -> str:
        """A payer is known by his mail's address, whatever the channel, else by a number of ours or amoCRM's:
        where no mail goes to that address people read his name.
        """
        by_phone = row.channel != EMAIL and row.to == row.deal.contact_email.strip().lower()
        if not by_phone and not _NUMBERED.fullmatch(row.to):
            return row.to
        return row.deal.contact_name or gettext("the chat in amoCRM")
