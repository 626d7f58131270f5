"""Classes whose folders do not tell their names, as the books of the expansion that they lie in have them."""

import re
from collections import Counter
from collections.abc import Iterable

from augkit.core.arrays import JsonObject
from augkit.core.normal_form import folded, nfc
from augkit.datasets.safe_names import CLASS_BYTES, DIGITS, digest, safe
from augkit.errors import FileError, raise_outage
from augkit.storage.root import Root
from augkit.storage.sealed_json import unsealed
from augkit.storage.store import BOOKS

JOB = f"{BOOKS}/job.json"
# Of 0.4, of a name that is too long, of none, and of one with half a surrogate pair.
_UNTOLD = re.compile(r"-[0-9a-f]{8}\Z|%-[0-9a-f]{32}\Z|\A%\Z|%ED%[AB]")


def booked_classes(root: Root, folders: Iterable[str]) -> dict[str, str]:
    """Return the names of the classes whose folders do not tell them; nothing where there are no such folders.

    Args:
        root: where the data set lies, which may be an expansion.
        folders: the names of the folders of classes.
    """
    untold = set(filter(_UNTOLD.search, folders))
    job = _job(root) if untold else None
    if job is None:
        return {}
    try:
        found = {changed(name): name for name in job["classes"]}
        for part in job["parts"]:
            found |= {folder: name for name, folder in part.get("folders", {}).items()}
        return {folder: found[folder] for folder in untold if folder in found}
    except (LookupError, TypeError, AttributeError):  # which `augkit verify` tells
        return {}


def _job(root: Root) -> JsonObject | None:
    try:
        return unsealed(root.read(JOB))
    except FileError as fault:
        raise_outage(fault)
        return None


def changed(name: str) -> str:
    """Return the folder of a class whose name augkit up to 0.4 did not leave as it is."""
    return f"{safe(name, CLASS_BYTES)}-{digest(name, DIGITS)}"


def folders_before_0_5(labels: Iterable[str]) -> dict[str, str]:
    """Return the folder of every class as augkit up to 0.4 called it, which its books do not tell.

    It is its own name, and digits where it had to be changed or another is too alike.
    """
    labels = sorted(set(labels))
    counts = Counter(map(folded, labels))
    return {
        label: nfc(label) if safe(label, CLASS_BYTES) == nfc(label) and counts[folded(label)] == 1 else changed(label)
        for label in labels
    }
