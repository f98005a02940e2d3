"""Provinces of the countries whose taxes differ by them: known by code, by ISO 3166-2 code and by English name."""

_US = """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|
DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|
LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|
NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|
OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|
UT Utah|VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|
AS American Samoa|GU Guam|MP Northern Mariana Islands|PR Puerto Rico|VI U.S. Virgin Islands|
FM Micronesia|MH Marshall Islands|PW Palau|
AA Armed Forces Americas|AE Armed Forces Europe|AP Armed Forces Pacific
"""
_CA = """
AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NT Northwest Territories|
NS Nova Scotia|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|SK Saskatchewan|YT Yukon
"""


def _table(text: str) -> dict[str, str]:
    cells = (each.strip().partition(" ") for each in text.split("|"))
    return {code: name for code, _, name in cells}


PROVINCES: dict[str, dict[str, str]] = {"US": _table(_US), "CA": _table(_CA)}
_BY_NAME = {country: {name.casefold(): code for code, name in known.items()} for country, known in PROVINCES.items()}
_BY_NAME["CA"]["québec"] = "QC"


def province_code(country: str | None, text: str) -> str | None:
    """Return the code of a province given as a code, such as CA or US-CA, or by name; None for one there is not.

    Of a country whose provinces are not listed here the text itself is returned.
    """
    known = PROVINCES.get(country or "")
    if known is None:
        return text
    code = text.strip().upper().removeprefix(f"{country}-")
    return code if code in known else _BY_NAME[country or ""].get(text.strip().casefold())


def province_name(country: str | None, code: str) -> str:
    """Return the English name of a province, or what was given where none is listed."""
    return PROVINCES.get(country or "", {}).get(code, code)
