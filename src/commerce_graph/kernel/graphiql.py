"""GraphiQL for browsers, from our own address: a page, its examples and a strict Content-Security-Policy."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

ASSETS = ("graphiql.min.js", "graphiql.min.css", "react.production.min.js", "react-dom.production.min.js")
"""What tools/graphiql_assets.py copies from npm packages into the folder `graphiql` of the static files."""


@dataclass(frozen=True, slots=True)
class Example:
    """An operation to try, in a tab of its own. `caller` says whose token it needs, `name` how its file is called."""

    caller: str
    name: str
    query: str
    variables: str = ""


def read_examples(folder: Path) -> list[Example]:
    """Read `<caller>/<order>-<name>.graphql`, each with its variables in a `.json` beside it where it has some."""
    found = []
    for path in sorted(folder.glob("*/*.graphql"), key=lambda path: path.name):
        variables = path.with_suffix(".json")
        text = variables.read_text().strip() if variables.exists() else ""
        name = path.stem.partition("-")[2]
        found.append(Example(path.parent.name, name, path.read_text().strip() + "\n", text))
    return found


class Page:
    """Makes the page for a request. `headers` are what each caller has to send.

    Tokens are filled in for browsers that come to one of `hosts` only: a foreign site may let its own name point at
    this machine, and would then be allowed to read the page.
    """

    def __init__(
        self,
        static: Path,
        examples: Sequence[Example],
        headers: Mapping[str, Mapping[str, str]],
        hosts: Sequence[str] = (),
    ) -> None:
        self._missing = [name for name in ASSETS if not (static / "graphiql" / name).is_file()]
        self._template = Template((static / ("page.html" if not self._missing else "missing.html")).read_text())
        self._examples = examples
        self._headers = headers
        self._hosts = frozenset(hosts)

    def __call__(self, request: Request) -> Response:
        """Return the page."""
        nonce = secrets.token_urlsafe(16)
        known = request.url.hostname in self._hosts
        settings = {"path": request.url.path, "nonce": nonce, **self._tabs(known)}
        text = self._template.substitute(settings=_inline(settings), missing=escape(", ".join(self._missing)))
        policy = (
            "default-src 'none'; script-src 'self'; connect-src 'self' " + _socket_origin(request) + "; "
            f"style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self' data:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return HTMLResponse(text, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})

    def _tabs(self, known: bool) -> dict[str, Any]:
        tabs = []
        for example in self._examples:
            headers = dict(self._headers.get(example.caller, {}))
            if not known:
                headers = dict.fromkeys(headers, f"your {example.caller}'s token")
            told = asdict(example) | {"headers": orjson.dumps(headers, option=orjson.OPT_INDENT_2).decode()}
            tabs.append(told)
        # GraphiQL keeps tabs in the browser; other tokens or examples must not meet those of an earlier shop.
        return {"tabs": tabs, "keep": known, "storage": sha256(orjson.dumps(tabs)).hexdigest()[:12]}


def _socket_origin(request: Request) -> str:
    # `'self'` covers sockets of our own origin in some browsers only.
    return f"{'wss' if request.url.scheme == 'https' else 'ws'}://{request.url.netloc}"


def _inline(value: Any) -> str:
    """Return JSON that can stand inside a script element."""
    return orjson.dumps(value).decode().replace("<", "\\u003c")
