"""Python's garbage collector, set for a process that serves until it ends."""

import gc

from commerce_graph.kernel.limits import GARBAGE_ALLOCATIONS


def collect_less() -> None:
    """Take what the start has made out of the collector's sight, and have it look less often. Call it last.

    What is made before, the schema and the code, lives as long as the process; to walk through it again and again took
    a third of the time of an answer. What a request leaves behind is nearly all freed without the collector.
    Limits: GARBAGE_ALLOCATIONS more objects than were freed before it looks at the youngest.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_ALLOCATIONS, 20, 50)
