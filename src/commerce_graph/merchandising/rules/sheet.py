"""Rows of a product file, in the columns of Shopify's product export, old headings and new."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from commerce_graph.kernel.errors import Rejected
from commerce_graph.merchandising.rules.amounts import weight_g

T = TypeVar("T")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "handle": ("Handle", "URL handle"),
    "title": ("Title",),
    "description": ("Body (HTML)", "Description"),
    "vendor": ("Vendor",),
    "type": ("Type", "Product Type"),
    "tags": ("Tags",),
    "published": ("Published", "Published on online store"),
    "option1_name": ("Option1 Name",),
    "option1_value": ("Option1 Value",),
    "option2_name": ("Option2 Name",),
    "option2_value": ("Option2 Value",),
    "option3_name": ("Option3 Name",),
    "option3_value": ("Option3 Value",),
    "sku": ("Variant SKU", "SKU"),
    "grams": ("Variant Grams", "Weight value (grams)"),
    "tracker": ("Variant Inventory Tracker", "Inventory tracker"),
    "quantity": ("Variant Inventory Qty", "Inventory quantity"),
    "policy": ("Variant Inventory Policy", "Continue selling when out of stock"),
    "price": ("Variant Price", "Price"),
    "compare_at": ("Variant Compare At Price", "Compare-at price"),
    "requires_shipping": ("Variant Requires Shipping", "Requires shipping"),
    "taxable": ("Variant Taxable", "Charge tax"),
    "barcode": ("Variant Barcode", "Barcode"),
    "image": ("Image Src", "Product image URL"),
    "image_position": ("Image Position",),
    "image_alt": ("Image Alt Text",),
    "gift_card": ("Gift Card",),
    "seo_title": ("SEO Title",),
    "seo_description": ("SEO Description",),
    "variant_image": ("Variant Image", "Variant image URL"),
    "status": ("Status",),
}
"""What is read, with the headings that name it. Other columns are let be (categories, costs, metafields)."""

REQUIRED = ("handle", "title")
_BY_HEADING = {heading.casefold(): name for name, headings in COLUMNS.items() for heading in headings}
_YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_POLICIES = {"continue": True, "deny": False, **_YES_NO}
_STATUSES = {"active": "ACTIVE", "draft": "DRAFT", "archived": "ARCHIVED"}
_VARIANT_CELLS = ("option1_value", "option2_value", "option3_value", "sku", "price", "barcode", "quantity")


class WrongHeader(Exception):
    """The first line of the file is not the header of a product file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: the line it begins on, the heading of its column, and why it was left out."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}"


class BadRow(Exception):
    """A row cannot be read."""

    def __init__(self, line: int, column: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem(line, column, reason)


@dataclass(frozen=True, slots=True)
class Header:
    """Where each known column is, and what the file calls it."""

    places: Mapping[str, int]
    headings: Mapping[str, str]
    width: int

    def called(self, name: str) -> str:
        """Return the heading of a column in this file."""
        return self.headings.get(name, COLUMNS[name][0] if name in COLUMNS else name)


@dataclass(frozen=True, slots=True)
class ProductCells:
    """What a product's first row says of the product. None: the file has no such column, leave it as it is."""

    title: str
    description_html: str | None
    vendor: str | None
    product_type: str | None
    tags: Sequence[str] | None
    published: bool | None
    status: str | None
    seo_title: str | None
    seo_description: str | None
    options: Sequence[str]


@dataclass(frozen=True, slots=True)
class VariantCells:
    """What a row says of a variant. None: leave it as it is."""

    values: Sequence[str]
    sku: str | None
    barcode: str | None
    weight_g: int | None
    requires_shipping: bool | None
    taxable: bool | None
    tracked: bool | None
    oversell: bool | None
    quantity: int | None
    price: Decimal | None
    compare_at: Decimal | None
    has_compare_at: bool
    image_url: str | None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a row names."""

    url: str
    alt: str | None
    position: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was understood. `product` is there on the first row of each product."""

    line: int
    handle: str
    product: ProductCells | None
    variant: VariantCells | None
    picture: Picture | None


def read_header(cells: Sequence[str]) -> Header:
    """Find the known columns, whatever their order and case.

    Raises: WrongHeader naming what is missing or twice, and the columns that are known.
    """
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        name = _BY_HEADING.get(" ".join(cell.split()).casefold())
        if name is not None and places.setdefault(name, place) != place:
            raise WrongHeader(f"the header has two columns `{cell.strip()}`")
    missing = [" or ".join(COLUMNS[name]) for name in REQUIRED if name not in places]
    if missing:
        known = ", ".join(headings[0] for headings in COLUMNS.values())
        raise WrongHeader(f"the header lacks {' and '.join(missing)}; known columns are {known}")
    return Header(places, {name: cells[place].strip() for name, place in places.items()}, len(cells))


def handle_in(header: Header, cells: Sequence[str]) -> str:
    """Return the handle of a row, "" where it has none: it says which rows belong together."""
    place = header.places["handle"]
    return cells[place].strip() if place < len(cells) else ""


def read_row(header: Header, cells: Sequence[str], line: int, options: Sequence[str] | None) -> Row:
    """Understand a row. `options` are the option names of its product, None for the product's first row.

    Raises: BadRow with the first cell that is wrong.
    """
    if len(cells) > header.width:
        raise BadRow(line, "row", f"has {len(cells)} cells, and the header {header.width}")
    row = _Cells(header, cells, line)
    handle = row.text("handle")
    if not handle:
        raise row.wrong("handle", "is missing")
    product = _product(row) if options is None else None
    names = product.options if product else options or ()
    picture = _picture(row)
    variant = None
    if product is not None or any(row.text(name) for name in _VARIANT_CELLS):
        variant = _variant(row, names)
    elif picture is None:
        raise row.wrong("option1_value", "is missing, and the row has no picture either")
    return Row(line, handle, product, variant, picture)


class _Cells:
    """The cells of one row by the name of their column."""

    def __init__(self, header: Header, cells: Sequence[str], line: int) -> None:
        self._header = header
        self._cells = cells
        self._line = line

    def wrong(self, name: str, reason: str) -> BadRow:
        return BadRow(self._line, self._header.called(name), reason)

    def text(self, name: str) -> str:
        """Return a cell, "" where it is empty or the file has no such column."""
        return self.given(name) or ""

    def given(self, name: str) -> str | None:
        """Return a cell, None where the file has no such column."""
        place = self._header.places.get(name)
        if place is None:
            return None
        cell = self._cells[place].strip() if place < len(self._cells) else ""
        if "\x00" in cell or any("\ud800" <= letter <= "\udfff" for letter in cell):
            raise self.wrong(name, "holds a character that is not UTF-8 text")
        return cell

    def one_of(self, name: str, known: Mapping[str, T]) -> T | None:
        """Return what a cell stands for, None where it is empty."""
        cell = self.text(name)
        if not cell:
            return None
        if cell.casefold() not in known:
            raise self.wrong(name, f"`{cell[:40]}` is none of {', '.join(known)}")
        return known[cell.casefold()]

    def number(self, name: str, read: Callable[[str], T]) -> T | None:
        """Return the number in a cell, None where it is empty."""
        cell = self.text(name)
        if not cell:
            return None
        try:
            return read(cell)
        except (ValueError, InvalidOperation):
            raise self.wrong(name, f"`{cell[:40]}` is not a number that fits here") from None


def _product(row: _Cells) -> ProductCells:
    title = row.text("title")
    if not title:
        raise row.wrong("title", "is missing")
    if row.one_of("gift_card", _YES_NO):
        raise row.wrong("gift_card", "gift cards are not sold here")
    tags = row.given("tags")
    names = [row.text(f"option{number}_name") for number in (1, 2, 3)]
    named = [name for name in names if name]
    if names[: len(named)] != named:
        raise row.wrong(f"option{names.index('') + 1}_name", "is missing, and a later option has a name")
    return ProductCells(
        title=title,
        description_html=row.given("description"),
        vendor=row.given("vendor"),
        product_type=row.given("type"),
        tags=None if tags is None else [tag.strip() for tag in tags.split(",") if tag.strip()],
        published=row.one_of("published", _YES_NO),
        status=row.one_of("status", _STATUSES),
        seo_title=row.given("seo_title"),
        seo_description=row.given("seo_description"),
        options=named,
    )


def _variant(row: _Cells, options: Sequence[str]) -> VariantCells:
    values = [row.text(f"option{number}_value") for number in (1, 2, 3)]
    for number, value in enumerate(values, 1):
        if number <= len(options) and not value:
            raise row.wrong(f"option{number}_value", f"is missing: the product has the option `{options[number - 1]}`")
        if number > len(options) and value and value != "Default Title":
            raise row.wrong(f"option{number}_value", "is there, but the product's first row does not name the option")
    grams = row.number("grams", Decimal)
    try:
        weight = None if grams is None else weight_g(grams, "GRAMS", [])
    except Rejected as refused:
        raise row.wrong("grams", refused.message) from None
    tracker = row.given("tracker")
    return VariantCells(
        values=values[: len(options)],
        sku=row.given("sku"),
        barcode=row.given("barcode"),
        weight_g=weight,
        requires_shipping=row.one_of("requires_shipping", _YES_NO),
        taxable=row.one_of("taxable", _YES_NO),
        tracked=None if tracker is None else bool(tracker),
        oversell=row.one_of("policy", _POLICIES),
        quantity=row.number("quantity", _quantity),
        price=row.number("price", _amount),
        compare_at=row.number("compare_at", _amount),
        has_compare_at=row.given("compare_at") is not None,
        image_url=row.text("variant_image") or None,
    )


def _picture(row: _Cells) -> Picture | None:
    url = row.text("image")
    return Picture(url, row.text("image_alt") or None, row.number("image_position", _whole)) if url else None


def _amount(cell: str) -> Decimal:
    amount = Decimal(cell)
    if not amount.is_finite() or amount < 0:
        raise ValueError
    return amount


def _whole(cell: str) -> int:
    if len(cell) > 12:
        raise ValueError
    return int(cell)


def _quantity(cell: str) -> int:
    # Shopify exports what was oversold as a negative quantity; there is nothing on the shelf then.
    return max(_whole(cell), 0)
