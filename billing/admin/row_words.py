"""How titles, links and messages of the panel call one row of billing's tables."""

from django.utils.translation import gettext_lazy as _

from billing.models import (
    Act,
    CrmRequest,
    Difference,
    Installment,
    LostDeal,
    Message,
    Move,
    Notice,
    OverdueFlag,
    Payment,
    ProviderCall,
    Receipt,
    Reconciliation,
    Refund,
    RefundOrder,
    RefusedNotice,
    Rendering,
    SavedCard,
    Schedule,
    ScheduleVersion,
    Transfer,
    TransferClaim,
)
from crm.row_names import name_rows

name_rows(
    {
        Act: "%(document)s",
        CrmRequest: "%(kind)s: %(lead_id)s",
        Difference: "%(kind)s: %(external_id)s",
        Installment: _("No. %(number)s: %(amount)s due on %(due_on)s"),
        LostDeal: "%(deal)s",
        Message: "%(channel)s: %(deal)s, %(created_at)s",
        Move: _("%(amount)s of %(recorded_at)s"),
        Notice: "%(kind)s: %(external_id)s",
        OverdueFlag: "%(installment)s",
        Payment: _("%(amount)s of %(received_at)s"),
        ProviderCall: "%(kind)s: %(merchant)s, %(created_at)s",
        Receipt: "%(kind)s: %(payment)s",
        Reconciliation: "%(merchant)s: %(day)s",
        Refund: _("%(amount)s of %(refunded_at)s"),
        RefundOrder: "%(amount)s: %(state)s",
        RefusedNotice: "%(kind)s: %(merchant)s",
        Rendering: _("%(amount)s of %(rendered_on)s"),
        SavedCard: "%(deal)s",
        Schedule: _("Schedule: %(deal)s"),
        ScheduleVersion: _("Version %(number)s"),
        Transfer: _("%(amount)s of %(recorded_at)s"),
        TransferClaim: _("%(amount)s of %(paid_on)s"),
    }
)
