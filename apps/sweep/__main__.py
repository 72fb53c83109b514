"""Entry point of ``python -m apps.sweep``."""

import sys

from apps.sweep import main

sys.exit(main(sys.argv[1:]))
