"""The operations that Hydrogen's starter storefront sends, read from the package that makes a new storefront."""

import re
from functools import cache
from pathlib import Path

STARTER = Path(__file__).parent / "node_modules/@shopify/create-hydrogen/dist/assets/hydrogen/starter/app"


@cache
def operations() -> dict[str, str]:
    """Return each operation with its fragments, by the name of the constant that holds it."""
    texts: dict[str, str] = {}
    for file in sorted(STARTER.rglob("*.ts*")):
        found = re.findall(r"const (\w+) = `#graphql(.*?)`", file.read_text(), re.DOTALL)
        texts |= {name: text for name, text in found if name not in texts}
    return {
        name: _whole(name, texts, set())
        for name, text in sorted(texts.items())
        if re.search(r"^\s*(query|mutation)\s+\w", text, re.MULTILINE)
    }


def _whole(name: str, texts: dict[str, str], seen: set[str]) -> str:
    """Return a text with what it interpolates, each fragment once."""
    seen.add(name)
    return re.sub(r"\$\{(\w+)\}", lambda inner: "" if inner[1] in seen else _whole(inner[1], texts, seen), texts[name])
