"""`python -m gateway` is `leadflow gateway`, under the name it had before."""

from __future__ import annotations

import sys

from cli.app import main

if __name__ == "__main__":
    sys.argv[1:1] = ["gateway"]
    main()
