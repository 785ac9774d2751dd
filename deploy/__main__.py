"""`python -m deploy`."""

import sys

if __name__ == "__main__":
    try:
        from deploy.cli import main
    except KeyboardInterrupt:  # before there is anyone else to answer it
        sys.exit(130)
    sys.exit(main(sys.argv[1:]))
