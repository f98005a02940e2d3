"""How a product becomes words to search: PostgreSQL's functions, and what their results look like. Pure.

A product's vector holds each word without case and accents, as `kernel.folded` makes them, and its stem in each of
LANGUAGES, marked with the language: `lamps`, `en~lamp`. A stem that is itself a word of the same text is not held
again. So a search in English meets the English stems alone, and one for the beginning of a word meets no stem.
PostgreSQL has no stemmer for Polish: Polish words are found as they are written, by their beginning, and with typos.
Chinese, Japanese and Korean characters are words of their own, and so found in any run of them.
"""

LANGUAGES = {
    "en": "english", "de": "german", "fr": "french", "es": "spanish", "pt": "portuguese", "it": "italian",
    "nl": "dutch",
}  # fmt: skip
"""PostgreSQL's configurations, by the languages of contexts."""

DEFAULT_LANGUAGE = "en"
"""Whose stems are looked for besides those of the language in context: catalogues are written in it the most."""


def stemmed(language: str, words: str) -> str:
    """Return the SQL of words as a language's stemmer takes them.

    Portuguese plurals end in -ões, -ães and -ãos, which the stemmer knows with their tildes only.
    """
    if language != "pt":
        return words
    return f"replace(replace(replace({words} || ' ', 'oes ', 'ao '), 'aes ', 'ao '), 'aos ', 'ao ')"


TEXT = r"""
CREATE OR REPLACE FUNCTION catalog.search_words(value text, chars_max integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  words text := left(kernel.folded(left(value, chars_max)), chars_max);
BEGIN
  IF words ~ '[0-9]' THEN
    words := regexp_replace(words, '([0-9])(?=[^0-9 ])', '\1 ', 'g');
    words := regexp_replace(words, '([^0-9 ])(?=[0-9])', '\1 ', 'g');
  END IF;
  RETURN words;
END $$
"""
"""A text's words, one blank between them. Digits and letters are words apart, so XR500 is XR-500 and xr 500."""

_STEMS = "\n".join(
    f"    || replace(' ' || ts_delete(to_tsvector('pg_catalog.{name}', {stemmed(language, 'words')}),"
    f" known)::text, ' ''', ' ''{language}~')"
    for language, name in LANGUAGES.items()
)
FORMS = f"""
CREATE OR REPLACE FUNCTION catalog.search_forms(words text, weight "char") RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  plain tsvector := to_tsvector('pg_catalog.simple', words);
  known text[] := tsvector_to_array(plain);
BEGIN
  RETURN setweight((plain::text
{_STEMS}
  )::tsvector, weight);
END $$
"""
"""Words and their stems, at the places of the words, so that phrases of both are found."""

VECTOR = """
CREATE OR REPLACE FUNCTION catalog.search_vector(
  title text, vendor text, product_type text, tags text[], options jsonb, description text
) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN catalog.search_forms(catalog.search_words(title, 1000), 'A')
    || catalog.search_forms(catalog.search_words(vendor || ' ' || product_type, 1000), 'B')
    || catalog.search_forms(catalog.search_words(array_to_string(tags, ' ') || ' '
      || jsonb_path_query_array(options, '$[*].values[*].name ? (@ != "Default Title")')::text, 8000), 'C')
    || catalog.search_forms(catalog.search_words(description, 16000), 'D');
END $$
"""
"""A vector holds 1 MB at most, and all forms of 26,000 characters fit into it: what is longer is cut off."""

CODE = """
CREATE OR REPLACE FUNCTION catalog.code(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN left(replace(kernel.folded($1), ' ', ''), 255)
"""
"""A SKU or barcode without case and punctuation."""

NEAR = """
CREATE OR REPLACE FUNCTION catalog.near(word text, edits integer) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  WITH start AS (SELECT left(word, 7) AS form),
  one AS (
    SELECT DISTINCT left(form, at - 1) || substr(form, at + 1) AS form
    FROM start, generate_series(1, length(form)) AS at WHERE edits > 0
  ),
  two AS (
    SELECT DISTINCT left(form, at - 1) || substr(form, at + 1) AS form
    FROM one, generate_series(1, length(form)) AS at WHERE edits > 1
  )
  SELECT array_agg(form) FROM (SELECT form FROM start UNION SELECT form FROM one UNION SELECT form FROM two) AS forms
$$
"""
"""The beginning of a word with up to `edits` letters left out, one of which it shares with each word that near it."""

SEARCH_FUNCTIONS = (TEXT, FORMS, VECTOR, CODE, NEAR)
