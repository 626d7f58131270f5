"""Archives of torch.export, the description in their extra file ``augkit.json``."""

import io

import numpy as np
import torch
from torch import Tensor

from augkit.train.exporters.exporter import EXPORTERS, INPUT, Deployed, Exporter, Run


def write(deployed: Deployed, example: Tensor, output: str, described: str) -> tuple[bytes, Run]:
    """Return an archive, and what torch makes of it."""
    buffer = io.BytesIO()
    program = torch.export.export(deployed, (example,), dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}})
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names the folders of this machine that code lies in
    torch.export.save(program, buffer, extra_files={"augkit.json": described})
    data = buffer.getvalue()
    loaded = torch.export.load(io.BytesIO(data)).module()
    return data, lambda pixels: np.asarray(loaded(torch.from_numpy(pixels)).detach().numpy())


EXPORTERS.add("pt2", Exporter("torch.export", write))
