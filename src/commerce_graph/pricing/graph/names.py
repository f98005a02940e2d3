"""Names of countries, languages and currencies in a language, and how money is written, all from the CLDR."""

import re
from functools import cache

from babel import Locale, UnknownLocaleError

from commerce_graph.kernel.money import exponent

IMPERIAL = frozenset({"LR", "MM", "US"})
"""Countries that measure in feet and pounds."""


@cache
def locale(language: str, country: str | None = None) -> Locale:
    """Return the locale of a LanguageCode, such as PT_BR, in a country; English where the CLDR has none."""
    spoken, _, region = language.partition("_")
    for place in (region or country, None):
        try:
            return Locale.parse("_".join(part for part in (spoken.lower(), place) if part))
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


@cache
def country_name(country: str, language: str) -> str:
    """Return what a country is called in a language, or its code."""
    return str(locale(language).territories.get(country, country))


@cache
def language_name(spoken: str, language: str) -> str:
    """Return what a language is called in another, or its code."""
    try:
        found = Locale.parse(spoken.lower() if "_" not in spoken else f"{spoken[:2].lower()}{spoken[2:]}")
    except (UnknownLocaleError, ValueError):
        return str(locale(language).languages.get(spoken.lower(), spoken))
    return found.get_display_name(locale(language)) or spoken


@cache
def currency_name(currency: str, language: str) -> str:
    """Return what a currency is called in a language, or its code."""
    return str(locale(language).currencies.get(currency, currency))


@cache
def currency_symbol(currency: str, language: str) -> str:
    """Return a currency's sign as a language writes it, or its code."""
    return str(locale(language).currency_symbols.get(currency, currency))


_SEPARATORS = {",": "", ".": "_with_comma_separator", "'": "_with_apostrophe_separator", " ": "_with_space_separator"}


@cache
def money_format(currency: str, language: str, country: str) -> str:
    """Return how amounts are written, with a Liquid placeholder for the number: `${{amount}}`, `{{amount...}} €`."""
    place = locale(language, country)
    group = str(place.number_symbols["latn"]["group"])
    separator = {"\u2019": "'"}.get(group, " " if group.isspace() else group)
    whole = "_no_decimals" if exponent(currency) == 0 else ""
    amount = f"{{{{amount{whole}{_SEPARATORS.get(separator, '')}}}}}"
    pattern = place.currency_formats["standard"].pattern.partition(";")[0]
    written = re.sub(r"[#0.,]+", lambda _: amount, pattern, count=1)
    return written.replace("\u00a4", currency_symbol(currency, language)).replace("\u00a0", " ")
