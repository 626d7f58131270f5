r"""Folders of classes: one rule from the name of a class to that of its folder, and back.

Back is percent-decoding, as `urllib.parse.unquote` does it, with bytes that are not UTF-8 as surrogates. There, a name
stays as it is but for what is percent-encoded: what some file system does not take, or takes for something else
(``? * : < > | " \ /``, control characters, ends of lines, marks of the writing direction, dots at either end, blanks at
the end, the first letter of names that Windows reserves, and of ``_unlabeled``), what is not UTF-8, and the percent
sign. Where a file system that knows neither case nor normal forms would take the folder for another class's, first
letters are encoded, too, until it does not::

    cat?  cat%3F        50 %  50 %25        Cat  Cat
    ..    %2E%2E        con   %63on         cat  %63at    (beside Cat)

Two classes never share a folder, and which class has which is never changed. Only these names are not told by their
folders: the empty one (``%``), one that is too long for any file system (its beginning, ``%-`` and a hash), one with
half a surrogate pair of JSON's, and one in another normal form than NFC, which is taken for the same name. The books
tell them.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from urllib.parse import unquote

from augkit.core.normal_form import folded, nfc
from augkit.errors import FileError

UNLABELED = "_unlabeled"  # the folder of FiftyOne's trees of classes for pictures that have none
FOLDER_BYTES = 255  # what a file system takes as the name of a folder
DIGITS = 32
_BIDI = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ENCODED = re.compile(rf'[\x00-\x1f\x7f-\x9f\u2028\u2029{_BIDI}\ufeff?*:<>|"\\/%\ud800-\udfff]|\A\.+')
_PORTS = {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"}
_RESERVED = {UNLABELED, "con", "prn", "aux", "nul", "conin$", "conout$"} | _PORTS


def class_of(folder: str) -> str:
    r"""Return the name of the class whose folder it is.

    >>> class_of("cat%3F"), class_of("%63at"), class_of("100%"), class_of("caf%E9")
    ('cat?', 'cat', '100%', 'caf\udce9')
    """
    return unquote(folder, errors="surrogateescape") if "%" in folder else folder


def folder_of(label: str, letters: int = 0) -> str:
    """Return the folder of a class.

    Args:
        label: the name of the class.
        letters: how many letters at the beginning are encoded whatever they are.

    >>> folder_of("dog's"), folder_of("a/b. "), folder_of("con.x"), folder_of("cat", 1)
    ("dog's", 'a%2Fb%2E%20', '%63on.x', '%63at')
    """
    if not letters:
        label = nfc(label)  # else it is another class that has the folder of that name
        letters = label.partition(".")[0].rstrip(" ").lower() in _RESERVED
    rest = label[letters:]
    whole = rest.rstrip(". ")
    folder = _encoded(label[:letters]) + _ENCODED.sub(lambda found: _encoded(found[0]), whole)
    folder += _encoded(rest[len(whole) :])
    if len(folder.encode()) <= FOLDER_BYTES:
        return folder or "%"
    end = f"%-{blake2b(label.encode('utf-8', 'surrogatepass'), digest_size=DIGITS // 2).hexdigest()}"
    short = folder.encode()[: FOLDER_BYTES - len(end)].decode("utf-8", "ignore")
    return re.sub(r"%.?\Z", "", short) + end  # no half of an escape


def folders_of(labels: Iterable[str], held: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the folder of every class, no two of which are one to any file system.

    Args:
        labels: the names of the classes, in any order.
        held: folders that classes have already, and keep; they are in what is returned.

    >>> folders_of(["cat", "Cat", "CAT"], {"Dog": "Dog"})
    {'Dog': 'Dog', 'CAT': 'CAT', 'Cat': '%43at', 'cat': '%63at'}
    """
    folders = dict(held or {})
    taken = set(map(folded, folders.values()))
    for label in sorted(set(labels) - folders.keys(), key=lambda label: (nfc(label) != label, label)):
        letters = 0
        while folded(folder := folder_of(label, letters)) in taken:
            if letters > len(label):
                raise FileError(f"must have folders of their own, and another class has {folder!r}.", "classes")
            letters += 1
        folders[label] = folder
        taken.add(folded(folder))
    return folders


def _encoded(text: str) -> str:
    return "".join(f"%{byte:02X}" for letter in text for byte in _bytes_of(letter))


def _bytes_of(letter: str) -> bytes:
    """Return a letter in UTF-8, or the byte that it stands for."""
    return letter.encode("utf-8", "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass")
