"""The networks: their layers, their preprocessing, and what they look like as a table."""

from augkit.train.models.architecture import Architecture, architecture
from augkit.train.models.model import MODELS, Model, Pretrained
from augkit.train.models.network import Network
from augkit.train.models.preprocessing import Preprocessing
from augkit.train.models.table import Row, table

__all__ = [
    "MODELS",
    "Architecture",
    "Model",
    "Network",
    "Preprocessing",
    "Pretrained",
    "Row",
    "architecture",
    "table",
]
