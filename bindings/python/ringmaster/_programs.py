"""Where the daemon's programs lie: in this package, or, for whoever builds ringmaster, in the tree that
RINGMASTER_PREFIX names."""
from __future__ import annotations

import os
import shutil


def daemon() -> str:
    prefix = os.environ.get('RINGMASTER_PREFIX')
    if prefix is not None:
        return os.path.join(prefix, 'bin', 'ringmasterd')
    here = os.path.dirname(os.path.abspath(__file__))
    # A wheel has the programs in the package; `cmake --install` puts the package below lib/ringmaster/python.
    for root in (os.path.join(here, 'programs'), os.path.join(here, '..', '..', '..', '..'),
                 os.path.join(here, '..', '..', '..', '..', '..')):
        program = os.path.join(root, 'bin', 'ringmasterd')
        if os.access(program, os.X_OK):
            return os.path.normpath(program)
    found = shutil.which('ringmasterd')
    if found is None:
        raise FileNotFoundError('ringmasterd is neither in this package nor on PATH; set RINGMASTER_PREFIX to the '
                                'folder where ringmaster is installed')
    return found
