"""Parquet with the pictures' bytes, as Hugging Face's `datasets` reads it."""

from augkit.datasets.parquet.reading import ParquetReader
from augkit.datasets.parquet.writing import ParquetWriter

__all__ = ["ParquetReader", "ParquetWriter"]
