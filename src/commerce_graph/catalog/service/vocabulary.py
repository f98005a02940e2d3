"""The shop's words: learnt from its products, for telling what a misspelt one was meant to be."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.kernel.limits import VOCABULARY_AGE_S_MAX, VOCABULARY_WORDS_MAX

LOCK = 0x776F7264
"""Advisory lock key: one learns, others let it."""

# The newest change of a product is the last entry of an index.
_DUE = text("""
SELECT CASE
  WHEN learned.at IS NULL THEN EXISTS (SELECT FROM catalog.product)
  WHEN learned.at > now() - make_interval(secs => :age) AND EXISTS (SELECT FROM catalog.word) THEN false
  ELSE (SELECT max(updated_at) FROM catalog.product) >= learned.at - interval '1 minute'
END
FROM (SELECT (SELECT learned_at FROM catalog.vocabulary) AS at) AS learned
""")
_LEARN = text("""
WITH told AS (
  SELECT word COLLATE "C" AS word, ndoc FROM ts_stat('SELECT search FROM catalog.product WHERE status = ''ACTIVE''')
  WHERE length(word) BETWEEN 3 AND 40 AND word !~ '[0-9~]'
  ORDER BY ndoc DESC, word COLLATE "C" LIMIT :most
), forgotten AS (
  DELETE FROM catalog.word AS known WHERE NOT EXISTS (SELECT FROM told WHERE told.word = known.word)
), noted AS (
  INSERT INTO catalog.vocabulary (id, learned_at) VALUES (1, now())
  ON CONFLICT (id) DO UPDATE SET learned_at = excluded.learned_at
)
INSERT INTO catalog.word (word, products) SELECT word, ndoc FROM told
ON CONFLICT (word) DO UPDATE SET products = excluded.products WHERE word.products <> excluded.products
""")


async def learn_words(tx: AsyncConnection) -> bool:
    """Learn the words of the products that are for sale, if products changed since that was done; tell whether it was.

    Limits: VOCABULARY_AGE_S_MAX between one time and the next, VOCABULARY_WORDS_MAX words, the most usual ones.
    Locks: LOCK, and does nothing while another holds it.
    Source: docs/adr/0010-search-in-postgresql.md
    """
    if not (await tx.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK})).scalar_one():
        return False
    if not (await tx.execute(_DUE, {"age": VOCABULARY_AGE_S_MAX})).scalar_one():
        return False
    await tx.execute(_LEARN, {"most": VOCABULARY_WORDS_MAX})
    return True
