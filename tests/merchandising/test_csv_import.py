"""Product files: every kind of bad row is told, the rest is in the shop, and a repetition changes nothing."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from commerce_graph.catalog.tables import media, product, publication, variant
from commerce_graph.inventory.tables import item, level
from commerce_graph.kernel.database import Database
from commerce_graph.merchandising import rules
from commerce_graph.merchandising.rules import BadRow, WrongHeader
from commerce_graph.merchandising.service import csv_import, import_products
from commerce_graph.merchandising.service.csv_import import ImportReport
from commerce_graph.pricing.tables import price
from tests.shop import uid

FILE = Path(__file__).parent / "data" / "products.csv"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "products.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


async def state(database: Database) -> list[Any]:
    """Return all that an import may write, without times."""
    found: list[Any] = []
    columns = [
        (product.c.id, product.c.handle, product.c.title, product.c.options, product.c.tags, product.c.status),
        (variant.c.id, variant.c.title, variant.c.sku, variant.c.position, variant.c.media_id, variant.c.available),
        (media.c.id, media.c.url, media.c.alt, media.c.position),
        (price.c.variant_id, price.c.market_id, price.c.amount_minor, price.c.compare_at_minor),
        (item.c.id, item.c.tracked, item.c.oversell),
        (level.c.item_id, level.c.location_id, level.c.on_hand),
        (publication.c.product_id, publication.c.channel_id),
    ]
    async with database.read() as conn:
        for each in columns:
            found.append((await conn.execute(select(*each).order_by(*each[:2]))).all())
    return found


async def variants_of(database: Database, handle: str) -> list[Any]:
    chosen = (
        select(
            variant.c.title, variant.c.sku, variant.c.barcode, variant.c.weight_g, variant.c.requires_shipping,
            price.c.amount_minor, price.c.compare_at_minor, item.c.tracked, item.c.oversell, level.c.on_hand,
        )
        .join(product, product.c.id == variant.c.product_id)
        .join(price, (price.c.variant_id == variant.c.id) & (price.c.market_id == uid("eu")))
        .join(item, item.c.id == variant.c.id)
        .outerjoin(level, (level.c.item_id == item.c.id) & (level.c.location_id == uid("berlin")))
        .where(product.c.handle == handle)
        .order_by(variant.c.position)
    )  # fmt: skip
    async with database.read() as conn:
        return [tuple(row) for row in await conn.execute(chosen)]


async def test_a_file_with_every_kind_of_bad_row(database: Database) -> None:
    steps: list[tuple[int, int, int]] = []
    report = await import_products(database, FILE, lambda *step: steps.append(step))
    assert (report.created, report.updated, report.left_out, report.variants) == (6, 1, 9, 9)
    assert [(each.line, each.column) for each in report.problems] == [
        (10, "Variant Price"),  # nineteen
        (11, "Option2 Value"),  # missing
        (12, "Variant Inventory Qty"),  # many
        (13, "Variant Inventory Policy"),  # maybe
        (14, "Option1 Value"),  # S / White again
        (15, "Variant Grams"),  # less than nothing
        (16, "Option3 Value"),  # of no option
        (17, "Variant Price"),  # three decimals
        (18, "Variant Requires Shipping"),  # perhaps
        (19, "Image Src"),  # a script
        (20, "Option1 Value"),  # an empty row of the product
        (22, "Title"),
        (23, "Gift Card"),
        (24, "Variant Price"),
        (25, "Status"),
        (26, "Handle"),
        (27, "row"),
        (28, "Option1 Name"),
        (29, "Handle"),  # nothing that a handle can hold
        (30, "Handle"),  # apart from its others
    ]
    assert all(each.reason for each in report.problems)
    assert steps[-1] == (FILE.stat().st_size, FILE.stat().st_size, 16)
    assert [step[2] for step in steps] == list(range(1, 17))


async def test_what_is_in_the_shop_then(database: Database) -> None:
    await import_products(database, FILE)
    assert await variants_of(database, "wool-scarf") == [
        ("Red", "SCARF-R", "'4006381", 180, True, 2990, 3990, True, False, 12),
        ("Blue", "SCARF-B", None, 180, True, 3190, None, True, True, 0),
    ]
    assert [row[0] for row in await variants_of(database, "tee")] == ["S / White", "L / Black"]
    assert await variants_of(database, "e-book") == [
        ("Default Title", None, None, 0, False, 500, None, False, False, 0)
    ]
    assert (await variants_of(database, "mug"))[0][:6] == ("Default Title", "MUG-2", None, 410, True, 1850)
    async with database.read() as conn:
        found = {row.handle: row for row in await conn.execute(select(product))}
        pictures = (
            await conn.execute(
                select(media.c.alt).where(media.c.product_id == found["wool-scarf"].id).order_by(media.c.position)
            )
        ).scalars()
        shown = set((await conn.execute(select(publication.c.product_id))).scalars())
        assert list(pictures) == ["A red scarf", "A blue scarf", None]
    scarf = found["wool-scarf"]
    assert (scarf.description, scarf.tags) == ('Soft, warm and long. "Really" long.', ["winter", "wool"])
    assert (scarf.seo_title, scarf.status) == ("A scarf of wool", "ACTIVE")
    assert found["mug"].id == uid("mug")
    assert (found["e-book"].status, found["last"].status) == ("DRAFT", "ARCHIVED")
    assert found["hidden"].id not in shown
    assert scarf.id in shown


async def test_a_repetition_changes_nothing(database: Database) -> None:
    first = await import_products(database, FILE)
    before = await state(database)
    again = await import_products(database, FILE)
    assert await state(database) == before
    assert (again.created, again.updated, again.left_out) == (0, 7, first.left_out)
    assert again.problems == first.problems


async def test_two_imports_at_once_are_like_one(database: Database) -> None:
    reports = await asyncio.gather(*(import_products(database, FILE) for _ in range(3)))
    assert sum(report.created for report in reports) == 6
    before = await state(database)
    await import_products(database, FILE)
    assert await state(database) == before


NEW = """\ufeffTitle,URL handle,Description,SKU,Option1 name,Option1 value,Price,Compare-at price,Charge tax,\
Inventory tracker,Inventory quantity,Continue selling when out of stock,Weight value (grams),Requires shipping,\
Product image URL,Image position,Status,Published on online store
Cup,cup,<p>A cup</p>,CUP,Size,Small,7.50,,FALSE,shopify,3,TRUE,120,TRUE,/cup.png,1,Active,TRUE
,cup,,CUP-L,,Large,9,,TRUE,shopify,2,FALSE,150,TRUE,,,,
"""


async def test_the_new_headings_a_byte_order_mark_and_foreign_line_ends(database: Database, tmp_path: Path) -> None:
    for text in (NEW, NEW.replace("\n", "\r\n"), NEW.replace("\ufeff", "").rstrip()):
        report = await import_products(database, write(tmp_path, text))
        assert report.problems == []
    assert await variants_of(database, "cup") == [
        ("Small", "CUP", None, 120, True, 750, None, True, True, 3),
        ("Large", "CUP-L", None, 150, True, 900, None, True, False, 2),
    ]


async def test_columns_that_are_not_there_leave_things_as_they_are(database: Database, tmp_path: Path) -> None:
    before = await state(database)
    report = await import_products(database, write(tmp_path, "HANDLE, title \nmug,Stone Mug\n"))
    assert (report.updated, report.problems) == (1, [])
    assert await state(database) == before


@pytest.mark.parametrize(
    "text", ["", "name,price\nx,1\n", "Title\nx\n", "Handle;Title\nx;y\n", "Handle,Handle,Title\n"]
)
async def test_another_header(database: Database, tmp_path: Path, text: str) -> None:
    with pytest.raises(WrongHeader) as wrong:
        await import_products(database, write(tmp_path, text))
    told = str(wrong.value)
    assert "two columns" in told or ("lacks" in told and "known columns are Handle, Title, Body (HTML)" in told)


async def test_a_missing_file(database: Database, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await import_products(database, tmp_path / "nothing.csv")


async def test_text_that_is_not_utf_8_and_lines_that_are_not_csv(database: Database, tmp_path: Path) -> None:
    text = b'Handle,Title\na,Caf\xe9\nb,"x"y"\nc,Fine\nd,Nul\x00\n"e,' + b"never closed\n" * 3
    report = await import_products(database, write(tmp_path, text))
    assert report.created == 1
    assert [each.line for each in report.problems] == [2, 3, 5, 6]


async def test_a_report_lists_so_many_problems_and_counts_the_rest(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_import, "PROBLEMS_KEPT_MAX", 2)
    report = await import_products(database, write(tmp_path, "Handle,Title\n" + "x,\n,y\n" * 3))
    assert (len(report.problems), report.problems_total) == (2, 6)
    assert ImportReport().products == 0


HEADINGS = [heading for headings in rules.COLUMNS.values() for heading in headings[:1]]
CELLS = st.one_of(st.sampled_from(["", "1", "TRUE", "x", "-1", "active", "Default Title", "1e9999", "NaN"]), st.text())


def understood(header: rules.Header, cells: list[str], first: bool) -> rules.Row | rules.Problem:
    try:
        return rules.read_row(header, cells, 7, None if first else ["Size"])
    except BadRow as bad:
        return bad.problem


@given(st.lists(CELLS, max_size=40), st.booleans(), st.permutations(HEADINGS))
def test_any_row_is_understood_or_told(cells: list[str], first: bool, headings: list[str]) -> None:
    row = understood(rules.read_header(headings), cells, first)
    if isinstance(row, rules.Problem):
        assert row.line == 7
        assert row.column in {*headings, "row"}
        assert row.reason
        return
    assert row.handle
    assert (row.product is not None) == first
    assert row.variant or row.picture
    options = row.product.options if row.product else ["Size"]
    if row.variant:
        assert len(row.variant.values) == len(options)
        assert all(row.variant.values)
        assert row.variant.price is None or row.variant.price >= 0
        assert row.variant.weight_g is None or row.variant.weight_g >= 0


@given(st.lists(st.text()))
def test_any_header_is_understood_or_told(cells: list[str]) -> None:
    try:
        header = rules.read_header(cells)
    except WrongHeader:
        return
    assert {"handle", "title"} <= set(header.places)
