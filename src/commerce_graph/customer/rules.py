"""What a customer's details must look like. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from commerce_graph.kernel import limits
from commerce_graph.kernel.errors import Rejected

EMAIL_CHARS_MAX = 254
_EMAIL = re.compile(
    r"(?=.{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])"
)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_TAG = re.compile(r"<\s*[a-z/!]", re.IGNORECASE)
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)


def email_of(text: str) -> str | None:
    """Return an email address as it is stored, None for text that is none. What lies beyond ASCII is not accepted."""
    email = text.strip().lower()
    return email if len(email) <= EMAIL_CHARS_MAX and _EMAIL.fullmatch(email) else None


def checked(details: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the details of an account as they are stored; only what is given is checked and returned.

    Knows `email`, `password`, `first_name`, `last_name`, `phone` and `accepts_marketing`; None clears a name or the
    phone, and keeps `accepts_marketing`.
    Limits: CUSTOMER_NAME_CHARS_MAX, PASSWORD_CHARS_MIN..PASSWORD_CHARS_MAX.
    Raises: Rejected(BLANK | CONTAINS_HTML_TAGS | CONTAINS_URL | INVALID | PASSWORD_STARTS_OR_ENDS_WITH_WHITESPACE |
    TOO_LONG | TOO_SHORT).
    """
    told: dict[str, Any] = {}
    if "email" in details:
        told["email"] = _email(details["email"], [path, "email"])
    if "password" in details:
        told["password"] = _password(details["password"], [path, "password"])
    for name, label in (("first_name", "firstName"), ("last_name", "lastName")):
        if name in details:
            told[name] = _name(details[name], [path, label])
    if "phone" in details:
        told["phone"] = _phone(details["phone"], [path, "phone"])
    if details.get("accepts_marketing") is not None:
        told["accepts_marketing"] = details["accepts_marketing"]
    return told


def _email(text: str | None, at: Sequence[str]) -> str:
    if not (text or "").strip():
        raise Rejected("BLANK", at, "Email can't be blank")
    email = email_of(text or "")
    if email is None:
        raise Rejected("INVALID", at, "Email is invalid")
    return email


def _password(text: str | None, at: Sequence[str]) -> str:
    if not (text or "").strip() or text is None:
        raise Rejected("BLANK", at, "Password can't be blank")
    if text != text.strip():
        raise Rejected("PASSWORD_STARTS_OR_ENDS_WITH_WHITESPACE", at, "Password must not begin or end with white space")
    if len(text) < limits.PASSWORD_CHARS_MIN:
        raise Rejected("TOO_SHORT", at, f"Password must have at least {limits.PASSWORD_CHARS_MIN} characters")
    if len(text) > limits.PASSWORD_CHARS_MAX:
        raise Rejected("TOO_LONG", at, f"Password must have at most {limits.PASSWORD_CHARS_MAX} characters")
    return text


def _name(text: str | None, at: Sequence[str]) -> str | None:
    name = (text or "").strip()
    if len(name) > limits.CUSTOMER_NAME_CHARS_MAX:
        raise Rejected("TOO_LONG", at, f"Name must have at most {limits.CUSTOMER_NAME_CHARS_MAX} characters")
    if not name.isprintable():
        raise Rejected("INVALID", at, "Name must not hold control characters")
    # Names stand in mails that the shop sends, so they are no place for somebody else's advertisement.
    if _TAG.search(name):
        raise Rejected("CONTAINS_HTML_TAGS", at, "Name must not hold HTML tags")
    if _LINK.search(name):
        raise Rejected("CONTAINS_URL", at, "Name must not hold a URL")
    return name or None


def _phone(text: str | None, at: Sequence[str]) -> str | None:
    phone = re.sub(r"[ ().\-/]", "", text or "")
    if phone and not _PHONE.fullmatch(phone):
        raise Rejected("INVALID", at, "Phone must be in E.164 form, such as +16135551111")
    return phone or None


def display_name(first_name: str | None, last_name: str | None, email: str) -> str:
    """Return the full name, or the email address of who gave none."""
    return " ".join(part for part in (first_name, last_name) if part) or email
