"""`python -m interp_core` is the command `clearhead`."""

import sys

from interp_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
