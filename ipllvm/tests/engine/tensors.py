"""How many bytes torch's tensors hold at most while something runs, to the byte and the same each time."""

import weakref
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveTensors(TorchDispatchMode):
    """While it lasts, counts the storages that are alive; what a kernel takes inside is not seen."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = self.most = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        for each in tree_leaves(out):
            if isinstance(each, Tensor):
                self._count(each.untyped_storage())
        self.most = max(self.most, self.bytes)
        return out

    def _count(self, storage: Any) -> None:
        key = storage._cdata
        if key not in self._sizes and storage.nbytes():
            self._sizes[key] = storage.nbytes()
            self.bytes += storage.nbytes()
            weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self.bytes -= self._sizes.pop(key, 0)
