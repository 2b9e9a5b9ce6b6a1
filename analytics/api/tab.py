"""Opening the figures in a tab: amoCRM's page asks for a code, the tab shows its pass."""

from django.conf import settings
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import tabs
from billing.api.authentication import ApiUser, WidgetToken
from billing.api.doors import Door
from billing.api.serializers import EmptySerializer

# A header that no other site's page can send to us: CORS does not list it.
HEADER = "X-Grafik-Tab"


class TabPass(BaseAuthentication):
    """The cookie of the tab, together with its header."""

    def authenticate(self, request: Request) -> tuple[ApiUser, None] | None:
        given = request.COOKIES.get(tabs.COOKIE)
        if not given or HEADER not in request.headers:
            return None
        try:
            return ApiUser(tabs.holder(given, at=timezone.now()), staff=False), None
        except tabs.Invalid:
            return None

    def authenticate_header(self, request: Request) -> str:
        return HEADER


class Tab(Door):
    authentication_classes = (WidgetToken,)

    @extend_schema(request=EmptySerializer, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        code = tabs.code(self.caller(request).caller, at=timezone.now())
        return Response({"url": f"{settings.PUBLIC_URL}/analytics/open/{code}/"}, 201)
