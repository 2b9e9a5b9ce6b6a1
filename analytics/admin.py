"""The queue of workbooks in the admin panel: parked ones wait for a person, who may have them made again."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from analytics.models import Export
from crm.admin import COLUMNS, QueuePage
from crm.panel import ChoiceWords, name_tables

name_tables(
    {Export: (_("workbook"), _("workbooks"))},
    {
        **COLUMNS,
        "author": _("Author"),
        "report": _("Report"),
        "query": _("Query"),
        "rows": _("Rows"),
        "rows_expected": _("Rows expected"),
    },
    {},
)


@admin.register(Export)
class ExportPage(QueuePage):
    list_display = ("id", "created_at", "account", "report", "state", "rows", "attempts", "last_error")
    list_filter = (("state", ChoiceWords), "account")
    list_select_related = ("account",)
    search_fields = ("author",)
