"""The question that the test provider puts to a buyer, as its page shows and answers it."""

from commerce_graph.kernel.database import Database
from commerce_graph.payment.service.authorization import note_answer
from commerce_graph.payment.service.sandbox import CHALLENGE_PATH, Challenge, SandboxProvider


async def challenge(db: Database, reference: str) -> Challenge | None:
    """Return the payment that is asked about, None where there is none."""
    return await SandboxProvider(db).challenge(reference)


async def answer_challenge(db: Database, reference: str, *, approved: bool) -> Challenge | None:
    """Take the buyer's answer into the provider's books and then into ours; the first answer counts.

    A crash between the two is made good by the next `authorize`, or by `settle`. Emits: PaymentAnswered.
    """
    provider = SandboxProvider(db)
    await provider.answer_challenge(reference, approved=approved)
    asked = await provider.challenge(reference)
    if asked is not None:
        await note_answer(db, asked.idempotency_key)
    return asked


__all__ = ["CHALLENGE_PATH", "Challenge", "answer_challenge", "challenge"]
