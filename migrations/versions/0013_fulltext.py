"""Say how texts become words: the functions that search vectors are made with."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

FOLDED = r"""
CREATE OR REPLACE FUNCTION kernel.folded(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
  regexp_replace(
    translate(
      replace(replace(replace(replace(
        normalize(regexp_replace(normalize(lower($1), NFKD), '[\u0300-\u036f]', '', 'g'), NFKC),
      'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
    'øłđðı', 'olddi'),
  '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af])', ' \1 ', 'g'),
'[^[:alnum:]]+', ' ', 'g')
"""

SEARCHABLE = """
CREATE OR REPLACE FUNCTION kernel.searchable(title text, body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN setweight(to_tsvector('simple'::regconfig, kernel.folded(title)), 'A')
  || setweight(to_tsvector('english'::regconfig, kernel.folded(title)), 'B')
  || setweight(to_tsvector('simple'::regconfig, left(kernel.folded(body), 100000)), 'C')
  || setweight(to_tsvector('english'::regconfig, left(kernel.folded(body), 100000)), 'D')
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(FOLDED)
    op.get_bind().exec_driver_sql(SEARCHABLE)


def downgrade() -> None:
    op.execute("DROP FUNCTION kernel.searchable(text, text)")
    op.execute("DROP FUNCTION kernel.folded(text)")
