"""Every address of the product on one screen."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from billing.api.unknown import Unknown
from config import health
from crm import widget_page

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("admin/widget.zip", widget_page.download, name="widget_zip"),
    path("admin/", admin.site.urls),
    path("api/v1/analytics/", include("analytics.urls")),
    path("api/v1/", include("billing.api.urls")),
    re_path("^api/v1/", Unknown.as_view()),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    path("pay/", include("billing.pages.urls")),
    path("analytics/", include("analytics.page_urls")),
    path("", include("billing.webhook_urls")),
    path("", include("billing.crm_urls")),
    path("", include("crm.urls")),
    path("healthz", health.live),
    path("readyz", health.ready),
    path("metrics", health.metrics),
]
