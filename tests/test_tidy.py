"""Rules of the source that are not behaviour, checked like behaviour (after TigerBeetle's tidy test)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "commerce_graph").rglob("*.py"))
LINES_PER_FILE_MAX = 400
LINES_PER_FUNCTION_MAX = 70
JUNK_DRAWERS = {"utils", "util", "helpers", "common", "misc", "base", "core", "manager", "managers"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tidy(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    assert source.count("\n") <= LINES_PER_FILE_MAX, "split it into files named after nouns"
    assert path.stem not in JUNK_DRAWERS, "name the file after what it holds"
    assert ast.get_docstring(tree), "every module says in one line what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LINES_PER_FUNCTION_MAX, f"{node.name} is {length} lines"
            assert not any(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node)), (
                f"{node.name} imports inside its body: a cycle is hiding"
            )


PUBLIC_TEXT = sorted(
    path
    for pattern in ("*.md", "*.toml", "Makefile", "src/**/*.py", "tests/**/*.py", "docs/**/*.md", "docker/*",
                    "tools/**/*", "benchmarks/**/*.py", "benchmarks/**/*.mjs", "*.lock", "**/package*.json")
    for path in ROOT.glob(pattern)
    if path.is_file() and not {".venv", "node_modules", ".data", ".cache", "__pycache__"} & set(path.parts)
)  # fmt: skip
# Written apart, so that this file does not name what it looks for.
ELSEWHERE = [
    "files.python" + "hosted.org",
    "registry.npm" + "js.org",
    "pypi" + ".org/",
    "/wo" + "rk/",
    '"resol' + 'ved":',
]


@pytest.mark.parametrize("path", PUBLIC_TEXT, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_no_download_address_or_folder_of_one_machine(path: Path) -> None:
    text = path.read_text(errors="replace")
    assert not [word for word in ELSEWHERE if word in text]
