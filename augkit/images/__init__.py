"""Turn bytes into pixels and pixels into bytes, with limits."""

from augkit.images.decoding import Decoded, decode, decode_mask, probe, upright_size
from augkit.images.encoding import AUTO, AUTO_ENCODINGS, ENCODINGS, encode, encoding_for
from augkit.images.file_kinds import PICTURE_SUFFIXES, kind_of, suffix_of
from augkit.images.header import MAX_PIXELS, Header
from augkit.images.mask_colours import class_numbers
from augkit.images.mask_files import encode_mask, palette_of
from augkit.images.modes import Mode, checked_depth, checked_mode, in_bytes, in_mode
from augkit.images.picture_files import MAX_FILE_BYTES, read, read_bytes
from augkit.images.waiting import Waiting, waiting

__all__ = [
    "AUTO",
    "AUTO_ENCODINGS",
    "ENCODINGS",
    "MAX_FILE_BYTES",
    "MAX_PIXELS",
    "PICTURE_SUFFIXES",
    "Decoded",
    "Header",
    "Mode",
    "Waiting",
    "checked_depth",
    "checked_mode",
    "class_numbers",
    "decode",
    "decode_mask",
    "encode",
    "encode_mask",
    "encoding_for",
    "in_bytes",
    "in_mode",
    "kind_of",
    "palette_of",
    "probe",
    "read",
    "read_bytes",
    "suffix_of",
    "upright_size",
    "waiting",
]
