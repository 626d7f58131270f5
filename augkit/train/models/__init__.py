"""The networks: their layers, their preprocessing, and what they look like as a table."""

from __future__ import annotations

from augkit.train.models.architecture import MODELS, Architecture, architecture, parse_input
from augkit.train.models.network import Network
from augkit.train.models.preprocessing import Preprocessing
from augkit.train.models.table import Row, table

__all__ = ["MODELS", "Architecture", "Network", "Preprocessing", "Row", "architecture", "parse_input", "table"]
