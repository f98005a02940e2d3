"""The benchmark of search measures what it says, tried small: every part of it, on real servers."""

from argparse import Namespace
from pathlib import Path

import orjson
import pytest
from benchmarks.operations import Wrong
from benchmarks.search import __main__ as benchmark
from benchmarks.search import freshness, searching
from benchmarks.search.indexing import Indexing
from benchmarks.search.operations import BESIDE_THE_NODE, BESIDE_VENDURE, DOCUMENTS, HITS, texts, variables
from benchmarks.search.report import GOALS, SHOP_OF_VENDURE, keep, markdown
from benchmarks.search.searching import Cost, Latency, Searching, check

from commerce_graph.kernel.execution import Engine, Operation


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_graph_accepts_the_documents(engine: Engine, name: str) -> None:
    assert isinstance(engine.prepare(DOCUMENTS[name]), Operation), engine.prepare(DOCUMENTS[name])


def test_texts_are_many_and_the_same_each_time() -> None:
    words = texts(1_000)
    assert len(words) == len(set(words)) == 500
    assert texts(1_000) == words
    assert variables("search page", words[0])["first"] == HITS
    assert all(3 <= len(variables("predictive search", word)["term"]) <= len(word) for word in words)


@pytest.mark.parametrize(
    "answer",
    [
        {"errors": [{"message": "no"}]},
        {"data": {}},
        {"data": {}, "extensions": {"search": {"engine": "postgresql", "fallback": "timeout"}}},
    ],
)
def test_an_answer_of_another_engine_is_wrong(answer: dict[str, object]) -> None:
    with pytest.raises(Wrong):
        check(orjson.dumps(answer), "opensearch")


def test_ratios_are_of_the_same_percentile() -> None:
    graph, bare = Latency.of([0.02] * 90 + [0.09] * 10), Latency.of([0.01] * 90 + [0.03] * 10)
    one = Searching("search page", "opensearch", graph, bare, Cost(10, 50.0, {"server": 4.0, "OpenSearch": 6.0}))
    assert (one.times_bare_p50, one.times_bare_p95) == (2.0, pytest.approx(3.0))
    assert one.cost.all_cpu_s == 10.0
    indexing = Indexing(10, 100, 50.0, 80.0, 1.0, (50.0, 100.0, 104.0, 110.0))
    assert indexing.of_the_rate == 0.625
    assert indexing.memory_growth == pytest.approx(1.1)


def test_everything_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # How many answers are late is for the benchmark to tell; a test says nothing about the machine's speed.
    monkeypatch.setattr(searching, "FALLBACKS_MAX", 1)
    monkeypatch.setattr(freshness, "REFUSED_MAX", 1)
    given = Namespace(products=SHOP_OF_VENDURE, seconds=0.5, name="tiny", results=tmp_path)
    results = benchmark.run(given, lambda step: None)
    assert [(each.operation, each.engine) for each in results.searching] == [
        (name, engine) for engine in ("opensearch", "postgresql") for name in BESIDE_THE_NODE
    ]
    assert [each.operation for each in results.small] == [*BESIDE_VENDURE, *BESIDE_VENDURE]
    for each in (*results.searching, *results.small):
        assert each.graph.count > 0
        assert each.cost.count > 0
        assert (each.bare is not None) == (each.engine == "opensearch")
        assert each.answer_bytes > 100
    assert results.indexing.documents == SHOP_OF_VENDURE
    assert results.fresh.count > 0
    assert set(results.relevance) == {"OpenSearch", "PostgreSQL", "words ANDed"}
    path = keep(results, tmp_path, "tiny")
    assert path.read_text() == markdown(results) + "\n"
    told = orjson.loads(path.with_suffix(".json").read_bytes())
    assert told["about"]["products"] == SHOP_OF_VENDURE
    assert set(GOALS) == set(BESIDE_THE_NODE)
