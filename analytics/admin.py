"""The queue of workbooks in the admin panel: parked ones wait for a person, who may have them made again.

Also the accountant's register that needs no queue: money without a receipt, as it is now.
"""

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics import receipt_gaps, workbook
from analytics.models import Export
from crm.admin import COLUMNS, QueuePage
from crm.panel import ChoiceWords, name_tables
from crm.row_names import name_rows

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
name_rows({Export: _("Workbook of %(created_at)s")})


@admin.register(Export)
class ExportPage(QueuePage):
    list_display = ("id", "created_at", "account", "report", "state", "rows", "attempts", "last_error")
    list_filter = (("state", ChoiceWords), "account")
    list_select_related = ("account",)
    search_fields = ("author",)

    def get_urls(self) -> list[Any]:
        door = self.admin_site.admin_view(self.money_without_receipt)
        own = path("money-without-receipt.xlsx", door, name="analytics_money_without_receipt")
        return [own, *super().get_urls()]

    def money_without_receipt(self, request: HttpRequest) -> FileResponse:
        if not request.user.has_perm("billing.view_receipt"):
            raise PermissionDenied
        at = timezone.now()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "register.xlsx"
            workbook.write(receipt_gaps.table(at=timezone.localtime(at)), file)
            # Opened before the folder goes; the response closes it.
            opened = file.open("rb")
        name = f"money-without-receipt-{timezone.localdate(at):%Y-%m-%d}.xlsx"
        return FileResponse(opened, as_attachment=True, filename=name)
