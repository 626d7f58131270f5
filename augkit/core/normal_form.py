"""Unicode's normal form of names, by which they are compared and keyed.

A name such as ``é`` may be one code point or two: macOS writes two (NFD), most others one (NFC). Both are one name.
"""

import unicodedata


def nfc(text: str) -> str:
    r"""Return a text in NFC, by which names are compared; what opens a file is the name as written.

    >>> nfc("cafe\u0301") == "caf\u00e9"
    True
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    r"""Return a text as a file system compares it that knows neither case nor normal forms.

    >>> folded("CAFE\u0301") == folded("caf\u00e9")
    True
    """
    return text.lower() if text.isascii() else nfc(nfc(text).casefold())
