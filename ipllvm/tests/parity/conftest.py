"""Before transformers looks for torchvision: it is made importable where it can be."""

from ipllvm.tests import torchvision_shim

torchvision_shim.usable()
