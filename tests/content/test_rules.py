"""What is stored of what was written, and when it is published."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from commerce_graph.content.rules import (
    Publication,
    address,
    asked_handle,
    checked,
    named,
    publication,
    tidy_tags,
)
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import TAGS_PER_ARTICLE_MAX, TITLE_CHARS_MAX, URL_CHARS_MAX

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: named(" ", ["title"]), "BLANK"),
        (lambda: named("x" * (TITLE_CHARS_MAX + 1), ["title"]), "TOO_LONG"),
        (lambda: checked("a\x00b", ["body"]), "INVALID"),
        (lambda: checked("\ud83d", ["body"]), "INVALID"),
        (lambda: asked_handle("!?"), "INVALID"),
        (lambda: address("javascript:alert(1)", ["image"]), "INVALID"),
        (lambda: address("//elsewhere", ["image"]), "INVALID"),
        (lambda: address("https://a/\ud83d", ["image"]), "INVALID"),
        (lambda: address("/" + "x" * URL_CHARS_MAX, ["image"]), "INVALID"),
        (lambda: tidy_tags([str(at) for at in range(TAGS_PER_ARTICLE_MAX + 1)]), "INVALID"),
        (lambda: tidy_tags(["x" * (TITLE_CHARS_MAX + 1)]), "TOO_LONG"),
        (lambda: publication(True, AFTER, NOW), "INVALID_PUBLISH_DATE"),
        (lambda: publication(False, BEFORE, NOW), "INVALID_PUBLISH_DATE"),
        (lambda: publication(False, NOW, NOW), "INVALID_PUBLISH_DATE"),
        (lambda: publication(None, datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))), NOW),
         "INVALID_PUBLISH_DATE"),
    ],
)  # fmt: skip
def test_refuses(call: object, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        call()  # type: ignore[operator]
    assert refused.value.code == code


def test_at_the_limits() -> None:
    assert named(" x" + "y" * (TITLE_CHARS_MAX - 3) + " ", ["title"]) == "x" + "y" * (TITLE_CHARS_MAX - 3)
    assert len(tidy_tags([str(at) for at in range(TAGS_PER_ARTICLE_MAX)])) == TAGS_PER_ARTICLE_MAX
    assert address("/" + "x" * (URL_CHARS_MAX - 1), ["image"]) == "/" + "x" * (URL_CHARS_MAX - 1)


def test_tidies() -> None:
    assert tidy_tags([" New  In ", "new in", "", "Crème"]) == ["New In", "Crème"]
    assert asked_handle("Größen & Maße") == "grossen-masse"
    assert address(" ", ["image"]) is None


@pytest.mark.parametrize(
    ("published", "date", "told"),
    [
        (None, None, None),
        (True, None, Publication(NOW, or_before=True)),
        (False, None, Publication(None)),
        (True, BEFORE, Publication(BEFORE)),
        (True, NOW, Publication(NOW)),
        (False, AFTER, Publication(AFTER)),
        (None, AFTER, Publication(AFTER)),
        (None, BEFORE.replace(tzinfo=None), Publication(BEFORE)),
    ],
)
def test_publishes(published: bool | None, date: datetime | None, told: Publication | None) -> None:
    assert publication(published, date, NOW) == told
