"""A small residual network for small pictures, grey ones above all: 310,000 weights, learnt from few pictures.

Reference: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2: three groups
of blocks, each at half of the size of the one before. What comes first is no layer that learns but the edges.
"""

from augkit.train.models.layers import CLASSES
from augkit.train.models.model import MODELS, Model
from augkit.train.models.preprocessing import plain_input

LAYERS = [
    {"edges": 8},
    {"conv": {"filters": 32, "kernel": 3, "stride": 2, "padding": 1}},
    "batch_norm",
    "relu",
    {"residual": {"filters": 32}},
    {"residual": {"filters": 64, "stride": 2}},
    {"residual": {"filters": 128, "stride": 2}},
    "global_mean",
    {"dropout": 0.2},
    {"dense": CLASSES},
]

MODELS.add("resnet_small", Model(plain_input((28, 28, 1)), layers=LAYERS))
