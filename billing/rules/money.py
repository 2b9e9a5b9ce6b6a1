"""Roubles: Decimal with two places, never float.

Kopecks exist only on a wire that wants them; words() is how people read a sum.
"""

from decimal import ROUND_CEILING, ROUND_DOWN, Decimal

ZERO = Decimal("0.00")
KOPECK = Decimal("0.01")
# Above this a total is a typing error, and still far below what the columns hold.
LIMIT = Decimal("100000000.00")
NBSP = "\N{NO-BREAK SPACE}"


def floor_to(amount: Decimal, unit: Decimal) -> Decimal:
    """Return the largest multiple of `unit` that is not above `amount` (both positive roubles)."""
    return ((amount / unit).to_integral_value(ROUND_DOWN) * unit).quantize(KOPECK)


def whole_roubles(amount: Decimal) -> int:
    """Return the sum in whole roubles, rounded up: amoCRM's price has no kopecks."""
    return int(amount.to_integral_value(ROUND_CEILING))


def is_whole_kopecks(amount: Decimal) -> bool:
    """True when the sum has at most two places."""
    return amount.is_finite() and amount == amount.quantize(KOPECK)


def text(amount: Decimal) -> str:
    """Return the sum as interfaces carry it: '120000.00'."""
    return str(amount.quantize(KOPECK))


def words(amount: Decimal) -> str:
    """Return the sum as people read it: '20 000 ₽', '12 500,50 ₽' (no-break spaces)."""
    roubles, kopecks = divmod(abs(amount).quantize(KOPECK), 1)
    grouped = f"{int(roubles):,}".replace(",", NBSP)
    fraction = f",{int(kopecks * 100):02d}" if kopecks else ""
    return f"{'−' if amount < 0 else ''}{grouped}{fraction}{NBSP}₽"
