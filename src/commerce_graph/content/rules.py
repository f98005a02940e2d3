"""Content's decisions, pure: what is stored of what was written, and when it is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from commerce_graph.content.errors import BLANK, INVALID, INVALID_PUBLISH_DATE, TOO_LONG
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import TAGS_PER_ARTICLE_MAX, TITLE_CHARS_MAX
from commerce_graph.kernel.moments import aware
from commerce_graph.kernel.texts import handle_of, is_address, storable


@dataclass(frozen=True, slots=True)
class Publication:
    """When shoppers see a thing from, None for never. `or_before`: if it was published earlier, that stays."""

    at: datetime | None
    or_before: bool = False


def checked(text: str, path: Sequence[str], chars_max: int = TITLE_CHARS_MAX) -> str:
    """Return a text without blanks around it, once it is clear that it can be stored.

    Raises: Rejected(TOO_LONG | INVALID).
    """
    if len(text) > chars_max:
        raise Rejected(TOO_LONG, path, f"is longer than {chars_max} characters")
    if not storable(text):
        raise Rejected(INVALID, path, "holds a character that cannot be stored")
    return text.strip()


def named(text: str, path: Sequence[str]) -> str:
    """Return a title or a name, which cannot be empty. Raises: Rejected(BLANK | TOO_LONG | INVALID)."""
    name = checked(text, path)
    if not name:
        raise Rejected(BLANK, path, "cannot be blank")
    return name


def asked_handle(text: str) -> str:
    """Return a handle that was asked for, in the shape of handles. Raises: Rejected(TOO_LONG | INVALID)."""
    handle = handle_of(checked(text, ["handle"]), "")
    if not handle:
        raise Rejected(INVALID, ["handle"], "a handle needs a letter or a digit from A to Z and 0 to 9")
    return handle


def address(text: str, path: Sequence[str]) -> str | None:
    """Return an http(s) URL or a path under the server's own, None for an empty text. Raises: Rejected(INVALID)."""
    url = text.strip()
    if url and not (storable(url) and is_address(url)):
        raise Rejected(INVALID, path, "is not an http(s) URL or a path of this server")
    return url or None


def tidy_tags(tags: Sequence[str]) -> list[str]:
    """Return tags without empty ones and repetitions; the first spelling stays.

    Limits: TAGS_PER_ARTICLE_MAX, TITLE_CHARS_MAX characters each.
    Raises: Rejected(TOO_LONG | INVALID).
    """
    found: dict[str, str] = {}
    for index, tag in enumerate(tags):
        tidy = " ".join(checked(tag, ["tags", str(index)]).split())
        if tidy:
            found.setdefault(tidy.casefold(), tidy)
    if len(found) > TAGS_PER_ARTICLE_MAX:
        raise Rejected(INVALID, ["tags"], f"there can be {TAGS_PER_ARTICLE_MAX} tags, not {len(found)}")
    return list(found.values())


def publication(published: bool | None, date: datetime | None, now: datetime) -> Publication | None:
    """Return when a thing is published that shall be `published` (or not) and from `date` on; None leaves it as it is.

    Raises: Rejected(INVALID_PUBLISH_DATE) for what contradicts itself: published, but later; not, but earlier.
    """
    if date is None:
        return None if published is None else Publication(now if published else None, or_before=published)
    try:
        at = aware(date).astimezone(UTC)
    except OverflowError:
        raise Rejected(INVALID_PUBLISH_DATE, ["publishDate"], "is no date that can be stored") from None
    if published is not None and published is not (at <= now):
        told = "lies in the future, so it cannot be published" if published else "is past, so it would be published"
        raise Rejected(INVALID_PUBLISH_DATE, ["publishDate"], told)
    return Publication(at)
