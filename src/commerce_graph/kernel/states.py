"""State machines as data: rules decide by them, the database refuses by them, the docs draw them. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """Which states a thing may be in, and which step leads from one to another.

    `initial`: the states it may begin in. `transitions`: (from, to, what happened); staying is always allowed.
    """

    name: str
    initial: tuple[str, ...]
    transitions: tuple[tuple[str, str, str], ...]

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order in which the data names them."""
        named = [*self.initial, *(state for step in self.transitions for state in step[:2])]
        return tuple(dict.fromkeys(named))

    @property
    def steps(self) -> frozenset[tuple[str, str]]:
        """Every (from, to)."""
        return frozenset((present, wanted) for present, wanted, _ in self.transitions)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The states that a step leads out of."""
        left = {present for present, _ in self.steps}
        return tuple(state for state in self.states if state in left)

    def allows(self, present: str, wanted: str) -> bool:
        """Tell whether there is such a step."""
        return present == wanted or (present, wanted) in self.steps

    def mermaid(self) -> str:
        """Draw the machine."""
        lines = ["stateDiagram-v2"]
        lines += [f"    [*] --> {state}" for state in self.initial]
        lines += [f"    {present} --> {wanted}: {told}" for present, wanted, told in self.transitions]
        lines += [f"    {state} --> [*]" for state in self.states if state not in self.unfinished]
        return "\n".join(lines)
