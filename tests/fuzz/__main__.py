"""Fuzz a target with Atheris: `python -m tests.fuzz TARGET [options of libFuzzer]`.

What is found that reaches new code goes into .cache/fuzz/TARGET, beside the corpus that is kept.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["commerce_graph.kernel", "graphql.language", "graphql.validation"], enable_loader_override=False
):
    from tests.fuzz.targets import TARGETS

HERE = Path(__file__).parent
FOUND = HERE.parents[1] / ".cache" / "fuzz"


def main() -> None:
    """Run until it is told to stop, or something is found."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        raise SystemExit(f"name a target: {', '.join(TARGETS)}")
    given = sys.argv[2:]
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    folders = [] if any(not each.startswith("-") for each in given) else [str(found), str(HERE / "corpus" / name)]
    words = HERE / "words" / f"{name}.txt"
    usual = [f"-dict={words}", f"-artifact_prefix={found}/fault-", "-timeout=20"]
    target = TARGETS[name]
    target(b"")  # so that what is made once is not taken for something new
    atheris.Setup([sys.argv[0], *usual, *given, *folders], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
