"""Prepare and run operations, breadth-first."""

from commerce_graph.kernel.execution.breadth import execute
from commerce_graph.kernel.execution.engine import Engine, Operation, Refused
from commerce_graph.kernel.execution.increments import August2022, Current, Format
from commerce_graph.kernel.execution.outcome import answer, fault_of
from commerce_graph.kernel.execution.parts import run_in_parts

__all__ = [
    "August2022", "Current", "Engine", "Format", "Operation", "Refused", "answer", "execute", "fault_of",
    "run_in_parts",
]  # fmt: skip
