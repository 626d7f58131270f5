"""Turn bytes into pixels and pixels into bytes, with limits."""

from augkit.images.colour_profiles import FATES
from augkit.images.decoding import Decoded, decode, decode_mask, probe, upright_size
from augkit.images.encoding import ENCODINGS, encode
from augkit.images.file_kinds import PICTURE_SUFFIXES, kind_of, suffix_of
from augkit.images.header import MAX_PIXELS, Header
from augkit.images.mask_colours import class_numbers
from augkit.images.mask_files import encode_mask, palette_of
from augkit.images.picture_files import MAX_FILE_BYTES, read, read_bytes

__all__ = [
    "ENCODINGS",
    "FATES",
    "MAX_FILE_BYTES",
    "MAX_PIXELS",
    "PICTURE_SUFFIXES",
    "Decoded",
    "Header",
    "class_numbers",
    "decode",
    "decode_mask",
    "encode",
    "encode_mask",
    "kind_of",
    "palette_of",
    "probe",
    "read",
    "read_bytes",
    "suffix_of",
    "upright_size",
]
