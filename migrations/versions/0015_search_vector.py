"""Search products by stems in seven languages and without accents, SKUs without punctuation; know the shop's words.

Locks: `catalog.product` is written anew under an exclusive lock, some 1 ms a product (2 minutes for 100,000), in which
it can be neither read nor written; then `catalog.variant` can be read only, 0.1 ms a variant. A server of the version
before goes on working on the new vectors, but finds no words with accents in them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

FUNCTIONS = (
    r"""
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
""",
    r"""
CREATE OR REPLACE FUNCTION catalog.search_forms(words text, weight "char") RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  plain tsvector := to_tsvector('pg_catalog.simple', words);
  known text[] := tsvector_to_array(plain);
BEGIN
  RETURN setweight((plain::text
    || replace(' ' || ts_delete(to_tsvector('pg_catalog.english', words), known)::text, ' ''', ' ''en~')
    || replace(' ' || ts_delete(to_tsvector('pg_catalog.german', words), known)::text, ' ''', ' ''de~')
    || replace(' ' || ts_delete(to_tsvector('pg_catalog.french', words), known)::text, ' ''', ' ''fr~')
    || replace(' ' || ts_delete(to_tsvector('pg_catalog.spanish', words), known)::text, ' ''', ' ''es~')
    || replace(' ' || ts_delete(to_tsvector('pg_catalog.portuguese', replace(replace(replace(words || ' ', 'oes ', 'ao '), 'aes ', 'ao '), 'aos ', 'ao ')), known)::text, ' ''', ' ''pt~')
    || replace(' ' || ts_delete(to_tsvector('pg_catalog.italian', words), known)::text, ' ''', ' ''it~')
    || replace(' ' || ts_delete(to_tsvector('pg_catalog.dutch', words), known)::text, ' ''', ' ''nl~')
  )::tsvector, weight);
END $$
""",
    r"""
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
""",
    r"""
CREATE OR REPLACE FUNCTION catalog.code(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN left(replace(kernel.folded($1), ' ', ''), 255)
""",
    r"""
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
""",
)
VECTOR = "catalog.search_vector(title, vendor, product_type, tags, options, description)"
BEFORE = (
    "setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', vendor || ' ' || product_type), 'B')"
    " || setweight(to_tsvector('simple', description), 'D')"
)


def _made_of(expression: str) -> None:
    # One statement, so that the table is written once.
    op.get_bind().exec_driver_sql(
        "ALTER TABLE catalog.product DROP COLUMN search,"
        f" ADD COLUMN search tsvector GENERATED ALWAYS AS ({expression}) STORED"
    )
    op.create_index("ix_product_search", "product", ["search"], unique=False, schema="catalog", postgresql_using="gin")


def upgrade() -> None:
    for function in FUNCTIONS:
        op.get_bind().exec_driver_sql(function)
    _made_of(VECTOR)
    op.create_index("ix_variant_sku_code", "variant", [sa.text('catalog.code(sku) COLLATE "C"')], schema="catalog")
    op.create_index(
        "ix_variant_barcode_code", "variant", [sa.text('catalog.code(barcode) COLLATE "C"')], schema="catalog"
    )
    op.create_table(
        "word",
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.Column("products", sa.Integer(), nullable=False),
        sa.Column(
            "near",
            sa.ARRAY(sa.Text()),
            sa.Computed("catalog.near(word, CASE WHEN length(word) > 5 THEN 2 ELSE 1 END)", persisted=True),
        ),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_word")),
        schema="catalog",
    )
    op.create_index("ix_word_near", "word", ["near"], unique=False, schema="catalog", postgresql_using="gin")
    op.create_table(
        "vocabulary",
        sa.Column("id", sa.Integer(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_vocabulary_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vocabulary")),
        schema="catalog",
    )


def downgrade() -> None:
    op.drop_table("vocabulary", schema="catalog")
    op.drop_table("word", schema="catalog")
    op.drop_index("ix_variant_barcode_code", table_name="variant", schema="catalog")
    op.drop_index("ix_variant_sku_code", table_name="variant", schema="catalog")
    _made_of(BEFORE)
    op.execute("DROP FUNCTION catalog.near(text, integer)")
    op.execute("DROP FUNCTION catalog.code(text)")
    op.execute("DROP FUNCTION catalog.search_vector(text, text, text, text[], jsonb, text)")
    op.execute('DROP FUNCTION catalog.search_forms(text, "char")')
    op.execute("DROP FUNCTION catalog.search_words(text, integer)")
