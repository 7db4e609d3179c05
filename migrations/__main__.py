"""``python -m migrations "message"``: write a new revision for what the models have changed.

It is drawn up against a fresh SQLite database at the newest revision; read it before keeping it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from migrations.run import revision, upgrade


def main(arguments: list[str]) -> int:
    """Write the revision; 2 when no message was given."""
    if len(arguments) != 1:
        sys.stderr.write('usage: python -m migrations "what changes"\n')
        return 2
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'scratch.db'}"
        upgrade(url)
        revision(url, arguments[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
