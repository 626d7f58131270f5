"""WebDataset's form: tars of samples."""

from augkit.datasets.webdataset.reading import WebDatasetReader
from augkit.datasets.webdataset.writing import WebDatasetWriter

__all__ = ["WebDatasetReader", "WebDatasetWriter"]
