"""ONNX, the description in its metadata under ``augkit``."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from augkit.train.exporters.exporter import EXPORTERS, INPUT, Deployed, Exporter, Run


def write(deployed: Deployed, example: Tensor, output: str, described: str) -> tuple[bytes, Run]:
    """Return a file of ONNX, and what ONNX Runtime makes of it."""
    import onnxruntime

    with warnings.catch_warnings(), _unlogged():
        warnings.filterwarnings("ignore", r".*LeafSpec", FutureWarning)  # that torch's exporter is warned of by torch
        program = torch.onnx.export(
            deployed,
            (example,),
            dynamo=True,
            external_data=False,
            verbose=False,
            input_names=[INPUT],
            output_names=[output],
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}},
        )
        assert program is not None
        model = program.model_proto
        for node in model.graph.node:
            del node.metadata_props[:]  # where its code lies on this machine
        entry = model.metadata_props.add()
        entry.key, entry.value = "augkit", described
        data: bytes = model.SerializeToString()
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return data, lambda pixels: np.asarray(session.run([output], {INPUT: pixels})[0])


@contextmanager
def _unlogged() -> Iterator[None]:
    """Let torch's exporter log no warnings: where torchvision is not installed, it has one for each operation of it."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)


EXPORTERS.add("onnx", Exporter("ONNX", write, ("onnx", "onnxscript", "onnxruntime")))
