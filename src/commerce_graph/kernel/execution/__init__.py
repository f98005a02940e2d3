"""Prepare and run operations, breadth-first."""

from commerce_graph.kernel.execution.breadth import execute
from commerce_graph.kernel.execution.engine import Engine, Operation, Refused, answer, fault_of

__all__ = ["Engine", "Operation", "Refused", "answer", "execute", "fault_of"]
