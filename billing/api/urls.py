"""Addresses of /api/v1/."""

from django.urls import path

from billing.api import corrections, deals, hindsight, invoices, papers, refunds, schedules

urlpatterns = [
    path("deals/<int:lead_id>/", deals.Card.as_view()),
    path("deals/<int:lead_id>/schedule/", schedules.Schedule.as_view()),
    path("deals/<int:lead_id>/schedule/preview/", schedules.SchedulePreview.as_view()),
    path("deals/<int:lead_id>/schedule/cancel/", schedules.Cancel.as_view()),
    path("deals/<int:lead_id>/settle/", schedules.Settle.as_view()),
    path("deals/<int:lead_id>/payments/", deals.Payments.as_view()),
    path("deals/<int:lead_id>/full-payment/", deals.FullPayment.as_view()),
    path("deals/<int:lead_id>/invoices/", deals.Invoices.as_view()),
    path("deals/<int:lead_id>/payment-links/", deals.PaymentLinks.as_view()),
    path("deals/<int:lead_id>/pay-link/revoke/", deals.RevokeLink.as_view()),
    path("deals/<int:lead_id>/credit/", corrections.Credit.as_view()),
    path("payments/<int:payment_id>/move/", corrections.Move.as_view()),
    path("payments/<int:payment_id>/refund/", refunds.Refund.as_view()),
    path("deals/<int:lead_id>/refund/", refunds.DealRefund.as_view()),
    path("deals/<int:lead_id>/standing/", hindsight.Standing.as_view()),
    path("deals/<int:lead_id>/history/", deals.History.as_view()),
    path("deals/<int:lead_id>/documents/", papers.Documents.as_view()),
    path("documents/<int:document_id>/", papers.OneDocument.as_view()),
    path("documents/open/<str:ticket>/", papers.open_ticket),
    path("templates/", papers.Templates.as_view()),
    path("invoices/<int:invoice_id>/", invoices.OneInvoice.as_view()),
    path("invoices/<int:invoice_id>/send/", invoices.Send.as_view()),
    path("invoices/<int:invoice_id>/void/", invoices.Void.as_view()),
]
