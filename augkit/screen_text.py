"""Foreign text on a screen: names and messages, shown so that they cannot act on what shows them."""

from augkit.addresses import without_secrets


def printable(text: str) -> str:
    r"""Return a text with escapes for all that a terminal would act on, or that would change what is read.

    Addresses in it are without secrets.

    These are control characters, ends of lines, marks of the writing direction and others without a form, and halves of
    surrogate pairs, which stand for bytes of a name that are not UTF-8. What is escaped once stays as it is.

    >>> print(printable("roses/\x1b[2J\n\u202egpj.exe \udcff.jpg"), printable("Käfer 東京"))
    roses/\x1b[2J\n\u202egpj.exe \udcff.jpg Käfer 東京
    """
    text = without_secrets(text)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()
