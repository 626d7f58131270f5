"""``python -m augkit``: the command line."""

from augkit.cli import main

if __name__ == "__main__":
    main()
