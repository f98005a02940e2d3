"""Purchases: use cases, and the only door for other domains."""

from commerce_graph.checkout.loaders import Attempt, attempts
from commerce_graph.checkout.rules import Problem
from commerce_graph.checkout.service.grouping import Submissions, Throttled
from commerce_graph.checkout.service.saga import Purchases, drive, resume, stay, wake
from commerce_graph.checkout.service.submission import Readiness, Submission, readiness

__all__ = [
    "Attempt", "Problem", "Purchases", "Readiness", "Submission", "Submissions", "Throttled", "attempts", "drive",
    "readiness", "resume", "stay", "wake",
]  # fmt: skip
