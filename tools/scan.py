"""Look for secrets in what git keeps, and for known weaknesses of locked packages: `python -m tools.scan`.

Ends with status 1 where there is one. Advisories come from the registries; where those do not serve them, that is told
and nothing fails: what is unknown is no finding, and no pass either.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from detect_secrets import SecretsCollection
from detect_secrets.settings import transient_settings

from tools.graphiql_assets import npm

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / ".secrets.baseline"
"""What looks like a secret and is none; `detect-secrets scan --baseline .secrets.baseline` writes it anew."""
LOCKS = ("requirements-dev.lock", "tools/node.lock", "tools/go.lock")

KNOWN: dict[str, str] = {}
"""Advisories that do not concern us, with the reason."""


class Unknown(Exception):
    """A registry did not serve its advisories; the message says which."""


def secrets(root: Path = ROOT) -> list[str]:
    """Return what looks like a secret in a file of git's and is not in the baseline, by file and line."""
    git = shutil.which("git")
    if git is None:
        sys.exit("git is missing: it knows which files to look at")
    kept = json.loads(BASELINE.read_text())
    listed = subprocess.run([git, "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    with transient_settings(kept):
        found = SecretsCollection(str(root))
        found.scan_files(*filter(None, listed.split("\0")))
    known = {(path, each["type"], each["hashed_secret"]) for path, told in kept["results"].items() for each in told}
    return [
        f"{path}:{each.line_number} looks like a secret ({each.type})"
        for path, each in found
        if (path, each.type, each.secret_hash) not in known
    ]


def python_advisories() -> list[str]:
    """Return the weaknesses of the Python packages. Raises: Unknown."""
    # pip-audit asks pip for its version, and the environment has none.
    env = {**os.environ, "PIPAPI_PYTHON_LOCATION": os.environ.get("PYTHON", "python3")}
    locks = [part for lock in LOCKS for part in ("--requirement", lock)]
    options = ["--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json"]
    command = [sys.executable, "-m", "pip_audit", *options, *locks]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise Unknown(f"PyPI: {_last(done.stderr)}") from None
    skipped = sum("skip_reason" in package for package in packages)
    if skipped == len(packages):  # pip-audit takes a registry that serves no advisories for one without the package
        raise Unknown(f"PyPI: it serves them for none of {skipped} packages")
    return [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in {', '.join(weakness['fix_versions'])}"
        for package in packages
        for weakness in package.get("vulns", ())
        if not {weakness["id"], *weakness["aliases"]} & KNOWN.keys()
    ]


def node_advisories(folder: Path) -> list[str]:
    """Return the weaknesses of a folder's Node packages. Raises: Unknown."""
    command = [npm(), "audit", "--json", "--package-lock-only"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
        told: dict[str, Any] = answer["vulnerabilities"]
    except ValueError:
        raise Unknown(f"npm: {_last(done.stderr)}") from None
    except KeyError:
        raise Unknown(f"npm: {answer.get('message', 'no answer')[:200]}") from None
    causes = [cause for package in told.values() for cause in package["via"] if isinstance(cause, dict)]
    at = folder.relative_to(ROOT)
    return sorted({f"{at}: {each['name']}: {each['url']}" for each in causes if each["url"] not in KNOWN})


def _last(told: str) -> str:
    return (told.strip().splitlines() or ["no answer"])[-1][:200]


def main() -> None:
    """Tell what was found, and what could not be looked at."""
    found = secrets()
    folders = sorted(lock.parent for lock in ROOT.glob("*/**/package-lock.json") if "node_modules" not in lock.parts)
    for look in (python_advisories, *(lambda folder=folder: node_advisories(folder) for folder in folders)):
        try:
            found += look()
        except Unknown as reason:
            print(f"NOT CHECKED: advisories of {reason}", file=sys.stderr)
    for each in found:
        print(each)
    if found:
        sys.exit(1)


if __name__ == "__main__":
    main()
