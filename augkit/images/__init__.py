"""Turn bytes into pixels and pixels into bytes, with limits."""

from augkit.images.decoding import MAX_PIXELS, Decoded, Header, decode, decode_mask, probe, upright_size
from augkit.images.encoding import ENCODINGS, encode
from augkit.images.picture_files import MAX_FILE_BYTES, read, read_bytes

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
    "upright_size",
]
