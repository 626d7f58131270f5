"""LeNet as the notes have it: 32x32x3 -> 28x28x6 -> 14x14x6 -> 10x10x8 -> 5x5x8 -> 200 -> 60 -> classes.

Reference: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE
1998.
"""

from augkit.train.models.layers import CLASSES
from augkit.train.models.model import MODELS, Model
from augkit.train.models.preprocessing import plain_input

LAYERS = [
    {"conv": {"filters": 6, "kernel": 5}},
    "relu",
    {"pool": 2},
    {"conv": {"filters": 8, "kernel": 5}},
    "relu",
    {"pool": 2},
    "flatten",
    {"dense": 60},
    "relu",
    {"dense": CLASSES},
]

MODELS.add("lenet", Model(plain_input((32, 32, 3)), layers=LAYERS))
