"""Bytes to pixels and back, by the very functions with which `augkit expand` and `augkit.loader` read and write files.

Code that reads files by them sees what these see, pixel for pixel: upright, in sRGB, 8 or 16 bits, grey or RGB.

>>> from augkit.codec import decode, encode
>>> import numpy as np
>>> decode(encode(np.zeros((24, 32), np.uint8), "png")).image.shape
(24, 32)
"""

from augkit.images import Decoded, decode, decode_mask, encode, encode_mask, suffix_of

__all__ = ["Decoded", "decode", "decode_mask", "encode", "encode_mask", "suffix_of"]
