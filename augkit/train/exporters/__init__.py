"""Trained networks for other programs: one exporter a file, found by its name in `EXPORTERS`."""

from augkit.train.exporters.exporter import EXPORTERS, Deployed, Exported, Exporter, ExportError, export

__all__ = ["EXPORTERS", "Deployed", "ExportError", "Exported", "Exporter", "export"]
