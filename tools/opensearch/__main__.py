"""Run a node until Ctrl-C: `python -m tools.opensearch`, then OPENSEARCH_URL=http://127.0.0.1:9200 for the shop."""

import argparse
import signal
import sys
from pathlib import Path

from tools.opensearch import Node, NodeFault


def main() -> None:
    """Run the command."""
    reader = argparse.ArgumentParser(prog="python -m tools.opensearch", description=__doc__)
    reader.add_argument("--port", type=int, default=9200)
    reader.add_argument("--data", type=Path, default=Path(".data/opensearch"))
    reader.add_argument("--heap", default="1g", help="the JVM's heap, such as 512m or 1g")
    told = reader.parse_args()
    node = Node(told.data, port=told.port, heap=told.heap)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        node.start()
        print(f"OpenSearch answers on {node.url}", flush=True)
        node.wait()
        sys.exit(f"error: OpenSearch has ended. Its log: {told.data / 'node.log'}")
    except NodeFault as fault:
        sys.exit(f"error: {fault}")
    except KeyboardInterrupt:
        pass
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # nothing may interrupt that
        node.stop()


if __name__ == "__main__":
    main()
