"""On the fly: PyTorch data sets, a sampler and ready DataLoaders around a pipeline.

What is drawn for an item is a function of the seed, its id, the epoch and the copy. The epoch travels with the index,
from `EpochSampler` to the worker, so workers that persist cannot fall behind; how many there are, how they were started
and in which order they work changes nothing. With any other sampler `set_epoch` does the same, and without either each
pass is another one all the same: see `augkit.loader.augmented.Samples`.
"""

from augkit.errors import MissingExtra

try:
    import threadpoolctl as _threadpoolctl  # noqa: F401
    import torch as _torch  # noqa: F401 - every module here needs it
except ImportError as fault:
    what = "must be installed to load on the fly. Run: pip install 'augkit[torch]'"
    raise MissingExtra(what, fault.name or "torch") from None

from augkit.loader.augmented import Augmented
from augkit.loader.folders import Pictures, folder
from augkit.loader.items import collate
from augkit.loader.mixing import CutMix, MixUp
from augkit.loader.mosaic import Mosaic
from augkit.loader.sampler import Draw, EpochSampler

__all__ = ["Augmented", "CutMix", "Draw", "EpochSampler", "MixUp", "Mosaic", "Pictures", "collate", "folder"]
