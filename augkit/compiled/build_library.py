"""Build of the library of kernels, by hatchling for every wheel and editable install, by hand for a checkout.

Where there is no C compiler, or it fails, the library is left out and NumPy does the same at run time, to the same
bytes. The environment variable ``AUGKIT_COMPILE`` says ``always`` (a failure ends the build: for wheels that are
published), ``never``, or ``auto``. Those of the platform say by what: ``CC``, ``CFLAGS``, ``LDSHARED``.

``python augkit/compiled/build_library.py`` builds the library of the checkout that this file lies in, if it is older
than its sources; with a folder behind it, in that folder. This file is in no wheel.
"""

import os
import shutil
import sys
import sysconfig
from ctypes import CDLL
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

HERE = Path(__file__).parent
NAME = "augkit.compiled._library"
VARIABLE = "AUGKIT_COMPILE"
WHEEL_TAG = "cp311-abi3"  # the limited API of 3.11: methods.h asks for it
# The same bytes everywhere: no product and sum in one rounding, nothing reordered, whatever CFLAGS say before.
FLAGS = ["-O3", "-ffp-contract=off", "-fno-fast-math", "-fvisibility=hidden", "-g0"]
MSVC_FLAGS = ["/O2", "/fp:precise", "/std:c11"]


class _BuildLibrary(build_ext):
    """Take the flags that the compiler knows."""

    def build_extensions(self) -> None:
        flags = MSVC_FLAGS if self.compiler.compiler_type == "msvc" else FLAGS
        for extension in self.extensions:
            extension.extra_compile_args = flags
        super().build_extensions()


def sources() -> list[Path]:
    """Return the files in C, headers among them."""
    return sorted(path for path in HERE.iterdir() if path.suffix in (".c", ".h"))


def compile_library(folder: Path) -> Path:
    """Compile the library into a folder and return it: ``_library.abi3.so``, or ``_library.pyd`` on Windows.

    Raises:
        CCompilerError: there is no compiler, or it failed, or made what cannot be loaded; or this Python has no
            limited API.
    """
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise CCompilerError("this Python has no stable ABI")
    files = [str(path) for path in sources() if path.suffix == ".c"]
    try:
        with TemporaryDirectory() as temporary:
            extension = Extension(NAME, files, include_dirs=[str(HERE)], py_limited_api=True)
            command = _BuildLibrary(Distribution({"name": "augkit", "ext_modules": [extension]}))
            command.build_lib, command.build_temp = f"{temporary}/lib", f"{temporary}/objects"
            command.ensure_finalized()
            command.run()
            built = Path(command.get_ext_fullpath(NAME))
            if "_PYTHON_HOST_PLATFORM" not in os.environ:  # set where another machine is built for
                CDLL(str(built))
            made = folder / f".{os.getpid()}{built.name}"
            shutil.copy(built, made)
            return made.replace(folder / built.name)  # a process that has the old one open keeps it
    except (BaseError, OSError) as fault:
        raise CCompilerError(str(fault)) from None


def compile_in_place() -> Path:
    """Compile the library beside its sources unless it is newer than all of them; one that no longer fits goes."""
    newest = max(path.stat().st_mtime_ns for path in [*sources(), Path(__file__)])
    for path in libraries():
        if path.stat().st_mtime_ns > newest:
            return path
        path.unlink()
    return compile_library(HERE)


def libraries() -> list[Path]:
    """Return what was compiled in place."""
    return [path for path in HERE.glob("_library*") if path.suffix in (".so", ".pyd")]


class LibraryHook(BuildHookInterface[Any]):
    """Add the library to wheels, or none where it cannot be compiled."""

    PLUGIN_NAME = "library"
    _folder = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile it: in place for an editable install, else for the wheel, which is then of this platform."""
        wanted = os.environ.get(VARIABLE, "auto")
        if wanted not in ("always", "auto", "never"):
            raise SystemExit(f"{VARIABLE}: must be always, auto or never, got {wanted!r}.")
        if wanted == "never":
            return
        try:
            if version == "editable":
                compile_in_place()
                return
            self._folder = mkdtemp()
            library = compile_library(Path(self._folder))
        except CCompilerError as fault:
            if wanted == "always":
                raise
            self.app.display_warning(f"augkit is built without its library in C: {fault}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"{WHEEL_TAG}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["force_include"][str(library)] = f"augkit/compiled/{library.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled for the wheel."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def main() -> None:
    """Build the library of this checkout, or into the folder that is given; where that fails, say so."""
    try:
        print(compile_library(Path(sys.argv[1])) if len(sys.argv) > 1 else compile_in_place())
    except CCompilerError as fault:
        print(f"augkit: its library in C is left out, NumPy does the same, but slower. {fault}", file=sys.stderr)
        sys.exit(os.environ.get(VARIABLE) == "always")


if __name__ == "__main__":
    main()
