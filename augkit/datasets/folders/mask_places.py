"""Masks of sources, wherever they lie, looked at for their colours."""

from collections.abc import Iterable

from augkit.core.arrays import JsonObject
from augkit.datasets.data_set import Source
from augkit.datasets.folders.mask_content import about_masks
from augkit.datasets.inventory import Inventory
from augkit.datasets.places import Member, read_place


def about_masks_of(inventory: Inventory, sources: Iterable[Source]) -> JsonObject:
    """Return what `DataSet.about` says of the masks of sources; nothing where there are none.

    Raises:
        FileError: a mask cannot be read, or they have more colours than classes may be.
    """
    masks = [source.annotations.mask for source in sources if source.annotations is not None]
    found = {f"{number:09d}": mask for number, mask in enumerate(masks) if mask is not None}
    root = inventory.root

    def head(key: str, count: int) -> bytes:
        place = found[key]
        if isinstance(place, Member):
            return root.read(place.path, place.offset, min(place.size, count))
        return inventory.head(place, count) if isinstance(place, str) else read_place(root, place)[:count]

    def read(key: str) -> bytes:
        return read_place(root, found[key])

    return about_masks(found, head, read, None, inventory.note, str(root)) if found else {}
