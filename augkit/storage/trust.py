"""Trust in a data set of a stranger: whether its links may lead out of it, and its rows name what lies in the web.

Nothing of the kind is followed unless the user says so: who made the data set would else choose what is read of this
machine, and of those that it reaches.
"""

import os
import stat
import sys
from dataclasses import dataclass

from augkit.errors import FileError


@dataclass(frozen=True)
class Trust:
    """What may be followed out of a root.

    Args:
        links: links of the file system that lead out of it.
        urls: http and https URLs of pictures.
        named: a file right in the root that the user named, be it a link or not.
    """

    links: bool = False
    urls: bool = False
    named: str = ""


NOBODY = Trust()


def inside(path: str) -> str:
    """Return a path below a root as it is.

    Raises:
        FileError: it leads out of it.
    """
    if (".." in path and ".." in path.split("/")) or path.startswith("/") or "\0" in path:
        raise FileError(f"must be a path below the data set's folder, got {path!r}.", "path")
    return path


def require_within(root: str, path: str, trust: Trust) -> None:
    """Refuse a path that a link takes out of a folder.

    Args:
        root: the folder.
        path: of a file or folder below it, posix separators; it need not be there.
        trust: in who made the folder.

    Raises:
        FileError: it leads out.
    """
    if trust.links or path == trust.named:
        return
    place = root
    for part in path.split("/"):
        place = f"{place}{os.sep}{part}"
        if os.path.islink(place):  # noqa: PTH114 - Path's takes three times as long, for every picture
            break
    else:
        return
    leads, held = os.path.realpath(os.path.join(root, path)), os.path.realpath(root)  # noqa: PTH118 - as above
    if leads != held and not leads.startswith(held.rstrip(os.sep) + os.sep):
        what = f"must lie in the data set, got a link that leads out of it, to {leads!r:.200}"
        raise FileError(f"{what}. Pass --allow-links if you trust who made it.", f"{root}{os.sep}{path}")


def is_own(path: str | os.PathLike[str]) -> bool:
    """Return whether what lies at a path is what this user, or the system, put there, as far as rights tell.

    It is not where everybody may write to the file, or where another user's file lies in a folder of everybody's.

    Raises:
        OSError: it cannot be told.
    """
    if sys.platform == "win32":  # whose rights say something else
        return True
    status, above = os.stat(path), os.stat(os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH116, PTH120
    if status.st_mode & stat.S_IWOTH:
        return False
    return status.st_uid in (os.geteuid(), 0) or not above.st_mode & stat.S_IWOTH
