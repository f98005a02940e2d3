"""Import products from a CSV file: one transaction a product, what is wrong told, and the rest in the shop."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from commerce_graph.catalog.service import NewMedia, NewProduct, NewVariant
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.errors import Rejected
from commerce_graph.merchandising.rules import (
    BadRow,
    Header,
    Problem,
    Row,
    VariantCells,
    WrongHeader,
    handle_in,
    read_header,
    read_row,
)
from commerce_graph.merchandising.service.prices import PriceWish
from commerce_graph.merchandising.service.product import Goods, Quantity, set_product

PROBLEMS_KEPT_MAX = 1_000
"""How many problems a report lists; the rest is counted."""
ROWS_PER_PRODUCT_MAX = 5_000
"""Rows of one product that are held in memory; a file that says more of one is wrong."""
HANDLES_REMEMBERED_MAX = 100_000
"""Products of which is known that they were imported, to notice rows that are not with their product's others."""
ACTOR = "import"

Tell = Callable[[int, int, int], None]
"""Told after each product: bytes read, bytes of the file, products so far."""


@dataclass(slots=True)
class ImportReport:
    """What came of an import."""

    created: int = 0
    updated: int = 0
    left_out: int = 0
    variants: int = 0
    problems: list[Problem] = field(default_factory=list)
    problems_total: int = 0

    @property
    def products(self) -> int:
        """How many products were written or left out."""
        return self.created + self.updated + self.left_out

    def note(self, problem: Problem) -> None:
        """Add a problem to the report."""
        self.problems_total += 1
        if len(self.problems) < PROBLEMS_KEPT_MAX:
            self.problems.append(problem)


Line = tuple[int, list[str]]


async def import_products(db: Database, path: Path, tell: Tell | None = None) -> ImportReport:
    """Create and update the products of a CSV file with the columns of Shopify's product export.

    Rows of one product follow each other and have its handle; the first one describes it. A row that is wrong is left
    out and reported, a product whose first row is wrong is left out as a whole. Repeating an import writes the same
    again. Quantities are what is available at the first location, prices are the primary market's. Memory does not
    grow with the file, but for HANDLES_REMEMBERED_MAX handles.
    Limits: ROWS_PER_PRODUCT_MAX, PROBLEMS_KEPT_MAX; those of `set_product`.
    Locks, emits: as `set_product`, product by product.
    Raises: WrongHeader; OSError where the file cannot be read.
    """
    report = ImportReport()
    async with db.read() as conn:
        places = await inventory.active_locations(conn)
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        lines = _lines(file, report)
        header = read_header(next(lines, (1, []))[1])
        job = _Import(db, header, report, places[0] if places else None)
        for group in _groups(header, lines):
            await job.product(group)
            if tell:
                tell(min(file.buffer.tell(), size), size, report.products)
    report.problems.sort(key=lambda problem: problem.line)
    return report


def _open(path: Path) -> TextIO:
    # What is not UTF-8 becomes half a surrogate pair, which the row's check refuses: one bad row, not a bad file.
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _lines(file: TextIO, report: ImportReport) -> Iterator[Line]:
    """Yield each record with the line it begins on, without empty ones."""
    reader = csv.reader(file, strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            report.note(Problem(begins, "row", f"is not CSV: {wrong}"))
            begins = reader.line_num + 1
            continue
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1


def _groups(header: Header, lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Yield the rows of each product."""
    group: list[Line] = []
    for line in lines:
        if group and (handle_in(header, line[1]) != handle_in(header, group[0][1]) or _full(group)):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _full(group: Sequence[Line]) -> bool:
    return len(group) >= ROWS_PER_PRODUCT_MAX


class _Import:
    """One import: what it found, and how it writes."""

    def __init__(self, db: Database, header: Header, report: ImportReport, place: inventory.Place | None) -> None:
        self._db = db
        self._header = header
        self._report = report
        self._place = place
        self._seen: set[str] = set()

    async def product(self, group: Sequence[Line]) -> None:
        """Write one product, without the rows that are wrong."""
        rows = self._read(group)
        while rows:
            product, goods = self._assemble(rows)
            try:
                async with self._db.begin() as tx:
                    saved = await set_product(tx, product, goods, ACTOR)
            except Rejected as refused:
                rows = self._without(rows, refused)
                continue
            self._report.variants += len(saved.variant_ids)
            if saved.created:
                self._report.created += 1
            else:
                self._report.updated += 1
            return
        self._report.left_out += 1

    def _read(self, group: Sequence[Line]) -> list[Row]:
        rows: list[Row] = []
        for line, cells in group:
            try:
                rows.append(read_row(self._header, cells, line, rows[0].product.options if rows else None))  # type: ignore[union-attr]
            except BadRow as bad:
                self._report.note(bad.problem)
                if not rows:
                    return []
        handle = rows[0].handle.casefold()
        if handle in self._seen:
            told = "rows of this product came before, apart from these: keep a product's rows together"
            self._report.note(Problem(rows[0].line, self._header.called("handle"), told))
            return []
        if len(self._seen) < HANDLES_REMEMBERED_MAX:
            self._seen.add(handle)
        return rows

    def _assemble(self, rows: Sequence[Row]) -> tuple[NewProduct, list[Goods]]:
        cells = rows[0].product
        assert cells is not None
        variants = [row.variant for row in rows if row.variant]
        pictures = sorted(
            (row.picture for row in rows if row.picture), key=lambda picture: picture.position or len(rows) + 1
        )
        product = NewProduct(
            handle=rows[0].handle,
            title=cells.title,
            description_html=cells.description_html,
            product_type=cells.product_type,
            vendor=cells.vendor,
            status=cells.status,
            tags=cells.tags,
            seo_title=cells.seo_title,
            seo_description=cells.seo_description,
            options=[(name, _values(variants, at)) for at, name in enumerate(cells.options)],
            variants=[_new_variant(cells.options, each) for each in variants],
            media=[NewMedia(each.url, each.alt) for each in pictures] if "image" in self._header.places else None,
            published=cells.published,
        )
        return product, [self._goods(each) for each in variants]

    def _goods(self, cells: VariantCells) -> Goods:
        quantities = []
        if self._place and cells.quantity is not None and cells.tracked is not False:
            quantities = [Quantity("available", self._place.id, cells.quantity)]
        return Goods(
            price=PriceWish(cells.price, cells.compare_at, cells.has_compare_at),
            tracked=cells.tracked,
            oversell=cells.oversell,
            quantities=quantities,
        )

    def _without(self, rows: Sequence[Row], refused: Rejected) -> list[Row]:
        """Report a refusal at its row, and return the rows without it; none where the product as such is refused."""
        path = refused.field or []
        kind, at = path[:1], int(path[1]) if len(path) > 1 and path[1].isdigit() else None
        culprit = rows[0]
        if at is not None and kind == ["variants"]:
            culprit = [row for row in rows if row.variant][at]
        elif at is not None and kind == ["files"]:
            pictured = [row for row in rows if row.picture]
            culprit = sorted(pictured, key=lambda row: (row.picture and row.picture.position) or len(rows) + 1)[at]
        self._report.note(Problem(culprit.line, self._header.called(_column(path)), refused.message))
        return [] if culprit is rows[0] else [row for row in rows if row is not culprit]


_MEMBERS = {
    "descriptionHtml": "description", "productType": "type", "price": "price", "compareAtPrice": "compare_at",
    "inventoryQuantities": "quantity", "inventoryItem": "grams", "optionValues": "option1_value", "files": "image",
    "productOptions": "option1_name", "seo": "seo_title",
}  # fmt: skip


def _column(path: Sequence[str]) -> str:
    """Return the column that a refusal's path is about."""
    names = [name for name in path if not name.isdigit() and name != "variants"]
    name = names[0] if names else "handle"
    return _MEMBERS.get(name, name)


def _values(variants: Sequence[VariantCells], at: int) -> list[str]:
    return list(dict.fromkeys(each.values[at] for each in variants))


def _new_variant(options: Sequence[str], cells: VariantCells) -> NewVariant:
    return NewVariant(
        selected_options=list(zip(options, cells.values, strict=True)),
        sku=cells.sku,
        barcode=cells.barcode,
        weight_g=cells.weight_g,
        requires_shipping=cells.requires_shipping,
        taxable=cells.taxable,
        media_url=cells.image_url,
    )


__all__ = ["ImportReport", "Problem", "WrongHeader", "import_products"]
