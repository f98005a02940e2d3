"""What was bought together."""

import pytest

from commerce_graph.kernel.database import count_statements
from commerce_graph.order import service
from tests.order.conftest import place
from tests.shop import Shop, uid

SHIRT, MUG, PRINT, GUIDE = ("shirt-S-White", 1), ("mug-variant", 1), ("print-variant", 1), ("guide-variant", 1)


async def together(shop: Shop, *names: str, size: int = 10) -> list[list[str]]:
    known = {uid(name): name for name in ("shirt", "mug", "print", "guide", "lamp")}
    async with shop.database.read() as conn:
        with count_statements() as seen:
            found = await service.bought_together(conn, [uid(name) for name in names], size)
    assert len(seen) == 1
    return [[known[each] for each in one] for one in found]


async def test_what_nobody_bought_has_no_companions(shop: Shop) -> None:
    assert await together(shop) == []
    assert await together(shop, "shirt", "mug") == [[], []]


async def test_what_one_buyer_bought_tells_nothing(shop: Shop) -> None:
    await place(shop, SHIRT, MUG)
    assert await together(shop, "shirt") == [[]]


async def test_those_of_most_orders_come_first(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for things in ((SHIRT, GUIDE, PRINT), (SHIRT, GUIDE, PRINT), (SHIRT, PRINT), (MUG, GUIDE), (SHIRT, MUG)):
        await place(shop, *things)
    found = await together(shop, "guide", "shirt", "lamp")
    assert sorted(found[0]) == ["print", "shirt"]
    assert found[1:] == [["print", "guide"], []]
    assert await together(shop, "shirt", size=1) == [["print"]]
    monkeypatch.setattr("commerce_graph.order.loaders.companions.BOUGHT_TOGETHER_ORDERS_MAX", 3)
    assert await together(shop, "shirt") == [["print"]], "the latest orders alone count"
