"""What the demo shop has written can be read, found and looked at."""

from commerce_graph.content import service as content
from commerce_graph.demo.pictures import draw
from commerce_graph.demo.writings import ARTICLES, BLOG_HANDLE, PAGES
from commerce_graph.kernel.database import Database
from commerce_graph.kernel.query_syntax.words import Plan, Slot
from commerce_graph.kernel.texts import handle_of


def test_names_are_those_that_an_address_has_and_no_two_are_the_same() -> None:
    for written in (PAGES, ARTICLES):
        names = [each.name for each in written]
        assert len(set(names)) == len({each.id for each in written}) == len(names)
        assert names == [handle_of(name, "") for name in names]
    assert handle_of(BLOG_HANDLE, "") == BLOG_HANDLE


def test_articles_have_pictures_that_can_be_drawn() -> None:
    for each in ARTICLES:
        assert draw(each.picture.removeprefix("/media/").removesuffix(".svg")), each.title


async def test_shoppers_find_what_they_ask_for(demo: Database) -> None:
    async with demo.read() as conn:
        for asked, page in (
            ("shipping", "shipping"),
            ("refund", "returns"),
            ("measure", "size-guide"),
            ("washing", "care"),
            ("resoled", "repairs"),
            ("visit", "faq"),
        ):
            (first, *_) = await content.find_pages(conn, Plan((Slot(((asked,),)),)), limit=3)
            assert first.handle == page, asked
        (first, *_) = await content.find_articles(conn, Plan((Slot((("teapot",),)),)), limit=3)
        assert first.title == "What a teapot taught us"
        assert await content.find_pages(conn, Plan((Slot((("wholesale",),)),)), limit=3) == []
        everything = await content.count_pages(conn, Plan(), everything=True)
        assert (everything, await content.count_articles(conn, Plan())) == (len(PAGES), len(ARTICLES))
