"""Entry point of ``python -m helpers.sweep``."""

import sys

from helpers.sweep import main

sys.exit(main(sys.argv[1:]))
