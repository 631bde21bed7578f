"""A worker of a pool in a daemon's configuration, for `Executor(pool=…)`:

    [pool.reports]
    command = ["/srv/v/bin/python3", "-m", "ringmaster.worker"]

Calls name functions of modules that this interpreter can import. Such a pool runs what its clients pickle, so only users
whom its own user trusts may reach the daemon's socket."""
from __future__ import annotations

import sys


def main() -> int:
    from . import _worker as worker
    from ._serve import serve
    worker.open(-1)
    worker.ready(0, 0)
    return serve(worker)


if __name__ == '__main__':
    sys.exit(main())
