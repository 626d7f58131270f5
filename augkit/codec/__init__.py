"""Turn bytes into pixels and pixels into bytes, with limits."""

from augkit.codec.decoding import MAX_PIXELS, Decoded, Header, decode, probe
from augkit.codec.encoding import ENCODINGS, encode, require_encoding
from augkit.codec.files import MAX_FILE_BYTES, read, read_bytes
from augkit.codec.masks import decode_mask

__all__ = [
    "ENCODINGS",
    "MAX_FILE_BYTES",
    "MAX_PIXELS",
    "Decoded",
    "Header",
    "decode",
    "decode_mask",
    "encode",
    "probe",
    "read",
    "read_bytes",
    "require_encoding",
]
