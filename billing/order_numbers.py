"""Numbers of orders and second receipts where a provider counts them: drawn once, never again.

One sequence per shop, since Robokassa's receipts and payments share their numbers; kept in the shop's row, so
neither a deleted order nor a rolled-back click gives one a second time to the outside.
"""

from django.db import connection, transaction

from billing import providers
from billing.models import MerchantAccount, ProviderOrder


def draw(*, merchant: MerchantAccount) -> str:
    """The next number of the shop; empty where any text will do. Call it in the transaction that uses it.

    The shop's row stays locked until that is committed, so two callers never get one number.
    """
    first = providers.of(merchant).first_number
    if first is None:
        return ""
    with transaction.atomic():
        shop = MerchantAccount.objects.select_for_update(no_key=True).get(pk=merchant.pk)
        last = shop.last_number or _last_order(shop)
        number = max(first, last + 1)
        MerchantAccount.objects.filter(pk=shop.pk).update(last_number=number)
    return str(number)


def next_id() -> int:
    """The id of an order before its row: its number and key are made of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [ProviderOrder._meta.db_table])
        number: int = cursor.fetchone()[0]
    return number


def _last_order(shop: MerchantAccount) -> int:
    """Shops that took orders before they had a counter."""
    numbers = ProviderOrder.objects.filter(merchant=shop).order_by("-id").values_list("number", flat=True)
    last = numbers.first()
    return int(last) if last else 0
