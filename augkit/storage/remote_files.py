"""File systems that `fsspec` reaches by a URL."""

from typing import Any

from augkit.errors import MissingExtra


def files_at(url: str, **options: bool) -> tuple[Any, str]:
    """Return the file system of a URL, which fsspec keeps once a process, and the path in it.

    Raises:
        MissingExtra: fsspec, or what it needs for such a URL, is not installed.
    """
    try:
        import fsspec  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise MissingExtra("must be installed to reach a URL. Run: pip install 'augkit[remote]'", "fsspec") from None
    try:
        files, path = fsspec.url_to_fs(url, **options)
    except (ImportError, ValueError) as fault:
        raise MissingExtra(f"must be a URL that fsspec reaches, got: {fault}", url) from None
    return files, str(path).rstrip("/")
