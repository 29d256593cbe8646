"""``python -m ibflow_nb.local.server``: what ``ibflow-nb serve`` does, as a guarded module.

Worker processes may import the main module again; this one does nothing then.
"""

import sys

if __name__ == "__main__":
    from ibflow_nb.local.server.serve import main

    sys.exit(main())
