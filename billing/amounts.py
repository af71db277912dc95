"""Amounts of money as people write them."""

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import get_language

SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥"}
WHOLE = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv",
     "xaf", "xof", "xpf"}
)  # fmt: skip
"""Currencies without a smaller unit, by Stripe's list."""


def money(amount: Decimal | int, currency: str) -> str:
    """Returns an amount of the smallest unit as people write it: €6, €0.02, 6 €."""
    value = Decimal(amount) if currency in WHOLE else Decimal(amount) / 100
    sign, value = ("−", -value) if value < 0 else ("", value)
    places = 0 if value == value.to_integral() else max(2, -_exponent(value))
    number = number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True)
    symbol = SYMBOLS.get(currency, currency.upper())
    if (get_language() or "en").startswith("en") and currency in SYMBOLS:
        return f"{sign}{symbol}{number}"
    return f"{sign}{number} {symbol}"


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
