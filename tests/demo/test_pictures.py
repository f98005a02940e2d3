"""Pictures: drawn for every thing and colour, cached for good, and nothing else is drawn."""

from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from commerce_graph.app import create
from commerce_graph.demo.catalogue import WARES
from commerce_graph.demo.goods import COLORS
from commerce_graph.demo.pictures import BACKGROUNDS, PATTERNS, ROUTES, SHAPES, VIEWS, draw
from commerce_graph.demo.shelves import SHELVES
from commerce_graph.settings import Settings

BYTES_MAX = 16_000


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(Starlette(routes=ROUTES))
    async with AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


@pytest.mark.parametrize(
    "seed",
    [
        "", "tee", "tee-rust-plain-a", "tee-rust-plain-e0", "tee-rust-plain-a8", "tee-rust-plain-a00",
        "TEE-rust-plain-a0",
        "spoon-rust-plain-a0", "tee-mauve-plain-a0", "tee-rust-tartan-a0", "tee-rust-plain-a0\n", "tee--plain-a0",
        "tee-rust-plain-a٣", "../tee-rust-plain-a0", "a" * 5_000,
    ],
)  # fmt: skip
def test_draws_nothing_for_what_is_no_picture(seed: str) -> None:
    assert draw(seed) is None


@pytest.mark.parametrize(
    "path", ["/media/tee.svg", "/media/..%2Fsecret.svg", "/media/tee-rust-plain-a0.png", "/media/"]
)
async def test_answers_404_for_what_is_no_picture(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_serves_a_picture_that_may_be_kept(client: AsyncClient) -> None:
    answer = await client.get("/media/tee-rust-plain-a0.svg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "max-age=31536000" in answer.headers["cache-control"]
    assert answer.headers["etag"].startswith('"')
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("tag", ["{}", "W/{}", '"other", {}', "*"])
async def test_says_that_nothing_changed(client: AsyncClient, tag: str) -> None:
    etag = (await client.get("/media/mug-sage-dip-b3.svg")).headers["etag"]
    answer = await client.get("/media/mug-sage-dip-b3.svg", headers={"If-None-Match": tag.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag


async def test_refuses_to_be_written_to(client: AsyncClient) -> None:
    assert (await client.post("/media/tee-rust-plain-a0.svg")).status_code == 405


@pytest.mark.parametrize("shape", SHAPES)
def test_each_thing_is_a_small_valid_picture_in_every_view(shape: str) -> None:
    seen = set()
    for index, view in enumerate(VIEWS):
        for pattern in PATTERNS:
            drawn = draw(f"{shape}-rust-{pattern}-{view}{index % BACKGROUNDS}")
            assert drawn is not None
            body, _ = drawn
            root = ElementTree.fromstring(body)
            assert (root.attrib["width"], root.attrib["height"], root.attrib["viewBox"]) == (
                "800",
                "800",
                "0 0 800 800",
            )
            assert len(body) < BYTES_MAX
            names = {part.attrib["id"] for part in root.iter() if "id" in part.attrib}
            assert names >= {word.split(")")[0] for word in body.decode().split("url(#")[1:]}
            seen.add(body)
    assert len(seen) >= len(VIEWS) * 2 if shape == "socks" else len(VIEWS) * len(PATTERNS)


def test_each_colour_looks_different() -> None:
    drawn = {draw(f"mug-{color.lower()}-plain-a0") for color in COLORS}
    assert len(drawn) == len(COLORS)
    assert None not in drawn


def test_every_kind_of_goods_and_every_collection_has_its_picture() -> None:
    assert {ware.shape for ware in WARES} == set(SHAPES)
    for shelf in SHELVES:
        assert draw(shelf.picture.removeprefix("/media/").removesuffix(".svg")), shelf.handle


def test_the_same_name_is_the_same_picture() -> None:
    assert draw("lamp-forest-plain-d5") == draw("lamp-forest-plain-d5")


async def test_the_server_serves_them_as_they_are() -> None:
    # Nothing connects before it is used, so no server has to be there.
    settings = Settings.read(database_url="postgresql://localhost/x", redis_url="redis://localhost", secret="x" * 32)
    async with AsyncClient(transport=ASGITransport(create(settings)), base_url="http://shop.test") as client:
        answer = await client.get("/media/tent-ochre-plain-a4.svg")
    drawn = draw("tent-ochre-plain-a4")
    assert drawn is not None
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, *drawn)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
