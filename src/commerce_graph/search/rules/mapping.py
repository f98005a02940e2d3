"""The settings and the mapping of the index: how documents are analysed and kept. Pure.

Every text is kept plain (folded words, compounds taken apart and put together), some also by their beginnings, and all
once for each language of the shop, in a subfield named after it. `everything` holds all texts of a product, so that one
look is enough to know whether a word is anywhere.
"""

from collections.abc import Sequence
from typing import Any

from commerce_graph.kernel.limits import VARIANTS_PER_PRODUCT_MAX
from commerce_graph.search.rules.languages import LANGUAGES, Language, subfield

SHARDS = 1
"""A million products are a few GB: one shard holds them, and counts and scores are then exact."""
REPLICAS = "0-1"
"""None on a single node, which could not place it; one copy where there is a second node."""
REFRESH_MS = 500
"""A change is to be found within 2 s."""
MERGE_WAIT_MS = 200
"""A refresh waits so long for segments to be merged first. OpenSearch's default is 10 s, and so it did after a load."""
GC_DELETES = "1h"
"""How long the version of a deleted document is remembered, so that a late write of an older state does not win."""
RESULT_WINDOW = 10_000
"""How far a list may be read by position instead of by cursor."""
FIELDS_MAX = 5_000
"""Three of them for each market with prices."""
BEGINNING_CHARS_MAX = 15
POINT = "\ue000"
"""Stands for a decimal point, so that it is part of a number: a character that is in no text."""
KEYWORD_CHARS_MAX = 8_000
"""Lucene refuses terms over 32,766 bytes, and a character has four at most."""


def index_body(languages: Sequence[str]) -> dict[str, Any]:
    """Return settings and mappings of an index for a shop's languages (lower case, ISO 639-1).

    A language without an analysis of its own is found by plain words, as all are besides.
    """
    names = sorted({name for language in languages if (name := subfield(language))})
    return {"settings": _settings(names), "mappings": _mappings(names)}


def _settings(names: Sequence[str]) -> dict[str, Any]:
    return {
        "index": {
            "number_of_shards": SHARDS,
            "auto_expand_replicas": REPLICAS,
            "refresh_interval": f"{REFRESH_MS}ms",
            "merge_on_flush.max_full_flush_merge_wait_time": f"{MERGE_WAIT_MS}ms",
            "gc_deletes": GC_DELETES,
            "max_result_window": RESULT_WINDOW,
            "mapping.total_fields.limit": FIELDS_MAX,
            "mapping.nested_objects.limit": VARIANTS_PER_PRODUCT_MAX,
        },
        "analysis": _analysis(names),
    }


def _analysis(names: Sequence[str]) -> dict[str, Any]:
    filters: dict[str, Any] = {
        "compounds": _compounds(),
        "beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": BEGINNING_CHARS_MAX},
    }
    plain = ["lowercase", "cjk_width", "asciifolding"]
    analyzers: dict[str, Any] = {
        "plain": _analyzer("whitespace", ["compounds", "flatten_graph", *plain]),
        # A query keeps the graph: `xr500` then also asks for the phrase `xr 500`.
        "plain_query": _analyzer("whitespace", ["compounds", *plain]),
        "beginning": _analyzer("whitespace", ["compounds", "flatten_graph", *plain, "beginnings"]),
        # Words as they were written, one by one, for beginnings and typos.
        "words": _analyzer("standard", plain),
    }
    for name in names:
        language = LANGUAGES[name]
        filters.update({**language.before, **language.after})
        analyzers[name] = _of(language)
    return {
        "char_filter": {
            # A letter and its accent as two characters.
            "accents": {"type": "pattern_replace", "pattern": "[\\u0300-\\u036f]+", "replacement": ""},
            # 1.5 and 1,5 are one number, and not 15.
            "decimals": {"type": "pattern_replace", "pattern": "(?<=[0-9])[.,](?=[0-9])", "replacement": POINT},
            # Scripts without spaces: each character is a word, so that any part of a text is a phrase in it.
            "scripts": {
                "type": "pattern_replace",
                "pattern": "([\\p{IsHan}\\p{IsHiragana}\\p{IsKatakana}\\p{IsHangul}ー])",
                "replacement": " $1 ",
            },
            "punctuation": {"type": "pattern_replace", "pattern": "[^\\p{L}\\p{N}]+", "replacement": ""},
        },
        "filter": filters,
        "analyzer": analyzers,
        "normalizer": {
            "code": {"type": "custom", "char_filter": ["punctuation"], "filter": ["lowercase", "asciifolding"]},
        },
    }


def _compounds() -> dict[str, Any]:
    """Return the filter that makes xr, 500 and xr500 of `XR-500`, `XR500` and `xr/500`, and tshirt of `t-shirt`."""
    return {
        "type": "word_delimiter_graph",
        "catenate_all": True,
        "split_on_case_change": False,
        "type_table": [f"{POINT} => DIGIT"],
    }


def _analyzer(tokenizer: str, filters: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "custom",
        "char_filter": ["accents", "decimals", "scripts"],
        "tokenizer": tokenizer,
        "filter": list(filters),
    }


def _of(language: Language) -> dict[str, Any]:
    return {
        "type": "custom",
        "char_filter": ["accents"],
        "tokenizer": language.tokenizer,
        "filter": ["cjk_width", "lowercase", *language.before, "asciifolding", *language.after],
    }


_KEYWORD = {"type": "keyword", "ignore_above": KEYWORD_CHARS_MAX}


def _mappings(names: Sequence[str]) -> dict[str, Any]:
    stems = {name: {"type": "text", "analyzer": name} for name in names}
    plain = {"type": "text", "analyzer": "plain", "search_analyzer": "plain_query"}
    beginning = {"begin": {"type": "text", "analyzer": "beginning", "search_analyzer": "words", "norms": False}}
    raw = {"raw": _KEYWORD}
    copied = {**plain, "copy_to": "everything"}
    code = {**_KEYWORD, "copy_to": "everything", "fields": {"code": {**_KEYWORD, "normalizer": "code"}}}
    return {
        "dynamic": "strict",
        "properties": {
            "id": _KEYWORD,
            "handle": _KEYWORD,
            "status": _KEYWORD,
            "channels": _KEYWORD,
            "collections": _KEYWORD,
            "title": {**copied, "fields": {**beginning, **stems}},
            "vendor": {**copied, "fields": {**raw, **beginning}},
            "product_type": {**copied, "fields": {**raw, **beginning, **stems}},
            "tags": {**copied, "fields": {**raw, **stems}},
            "options_text": {**copied, "fields": stems},
            "description": {"type": "text", "index": False, "norms": False, "copy_to": "everything"},
            "everything": {**plain, "fields": stems},
            "skus": code,
            "barcodes": code,
            "available": {"type": "boolean"},
            "sales": {"type": "long"},
            "created_at": {"type": "long"},
            "updated_at": {"type": "long"},
            "price": {"type": "object", "dynamic": "true"},
            "variants": {
                "type": "nested",
                # Counting over all variants of a product needs no join.
                "include_in_parent": True,
                "properties": {"available": {"type": "boolean"}, "options": _KEYWORD, "metafields": _KEYWORD},
            },
            "metafields": _KEYWORD,
            "digest": {"type": "keyword", "index": False},
        },
        "dynamic_templates": [{"prices": {"path_match": "price.*.*", "mapping": {"type": "long"}}}],
    }
