"""Heads of JSON files: the keys of the outermost object, without reading a large file whole."""

import re
from collections.abc import Iterator

from augkit.datasets.inventory import Inventory

HEAD_BYTES = 4096
MOST_UNSURE = 8  # large files whose heads do not show the key, that are read whole
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?|[][{}]')
_SPACE = b"\xef\xbb\xbf \t\r\n"


def is_list_of_objects(inventory: Inventory, path: str) -> bool:
    """Return whether a file begins as a list of objects."""
    return b"".join(inventory.head(path, 64).lstrip(_SPACE).split()).startswith(b"[{")


def outer_keys(inventory: Inventory, path: str) -> set[str]:
    """Return the keys of a file's outermost object, as far as its head shows them."""
    depth, found, head = 0, set(), inventory.head(path, HEAD_BYTES)
    if not head.lstrip(_SPACE).startswith(b"{"):
        return set()
    for token in _TOKEN.finditer(head):
        if token[1] is None:
            depth += 1 if token[0] in b"[{" else -1
        elif depth == 1 and token[2] is not None:
            found.add(token[1].decode("utf-8", "replace"))
    return found


def files_with(
    inventory: Inventory, wanted: tuple[set[str], ...], opening: re.Pattern[bytes], others: set[str]
) -> Iterator[str]:
    """Yield the JSON files below a folder whose outermost object has some keys.

    Args:
        inventory: of the folder.
        wanted: sets of keys, each of which is enough.
        opening: what is found in such a file; for large ones whose heads show none of `wanted`.
        others: keys that say that it is something else.
    """
    unsure = 0
    for path in sorted(inventory.sizes):
        if not path.lower().endswith(".json"):
            continue
        keys = outer_keys(inventory, path)
        if any(some <= keys for some in wanted):
            yield path
        elif keys and not keys & others and inventory.sizes[path] > HEAD_BYTES and unsure < MOST_UNSURE:
            if opening.search(inventory.root.read(path)):
                yield path
            else:
                unsure += 1
