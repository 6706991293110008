"""How many steps a tile has: a cost model that knows the device's cache."""

import dataclasses
import functools
import math
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import jax
from jax.sharding import Mesh


@dataclasses.dataclass(frozen=True)
class Device:
    """What the cost model knows of a device.

    Attributes:
        cache: bytes of the cache that all cores share.
        spill: microseconds a byte of a tile costs that fits a quarter of the cache, the cache, or neither.
        handover: microseconds a byte costs when a run has more tiles than one, to cut it out and put it together.
        weight: microseconds a byte of weights costs in every tile, at the same three levels.
        per_tile: microseconds that a tile costs by itself.
        few: how many products of one row a product of a few rows costs as much as.
        window: bytes of weights that windows must save a loop in every step, as that is what they cost.
        limit: bytes that a tile may take, whatever it costs.
    """

    cache: float
    spill: tuple[float, float, float]
    handover: float
    weight: tuple[float, float, float]
    per_tile: float
    few: float = 3.5
    window: float = 2.0**15
    limit: float = 64 * 2**20

    def level(self, size: float) -> int:
        """0, 1 or 2: whether `size` bytes fit a quarter of the cache, the cache, or neither."""
        return 0 if size <= self.cache / 4 else 1 if size <= self.cache else 2


@dataclasses.dataclass(frozen=True)
class Where:
    """Where a run takes place.

    Attributes:
        platform: of its devices, such as `"cpu"`; that of JAX's default device where it is `None`.
        shares: over how many devices the samples are spread.
        mesh: several devices, where blocks of a network (`spaic_jax.program.Blocks`) are spread over them.
        batch_axis, block_axis: which axes of the mesh share out samples and blocks, if there is one.
    """

    platform: str | None = None
    shares: int = 1
    mesh: Mesh | None = None
    batch_axis: str | None = None
    block_axis: str | None = None

    @property
    def on_cpu(self) -> bool:
        """Whether the devices are those of the CPU."""
        return (self.platform or jax.default_backend()) == "cpu"


#: On JAX's default device.
HERE = Where()


def this_device(where: Where = HERE) -> Device:
    """The device of a run. The constants are fits to training steps of feed-forward and recurrent networks."""
    return _device(where.on_cpu)


@functools.cache
def _device(cpu: bool) -> Device:
    if not cpu:
        # An accelerator pays for every kernel it starts: a tile is as long as its bytes allow.
        return Device(math.inf, (0.0, 0.0, 0.0), 0.0, (0.0, 0.0, 0.0), 200.0)
    return Device(_shared_cache(), (0.0, 1e-4, 3e-4), 1e-4, (4e-5, 1.25e-4, 3.5e-4), 20.0)


def _shared_cache(default: int = 16 << 20) -> int:
    """Bytes of the largest cache of the first core, where the system tells."""
    sizes = [default]
    for file in pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        try:
            sizes.append(int(file.read_text().strip().removesuffix("K")) * 1024)
        except (OSError, ValueError):
            continue
    return max(sizes[1:], default=default)


def size_of(array: Any) -> int:
    """Bytes of an array, or of what a struct says of one."""
    return math.prod(array.shape) * array.dtype.itemsize


def window_pays(length: int, weight_bytes: float, handed_bytes: float, device: Device) -> bool:
    """Whether to take a loop in windows.

    Args:
        length: steps of a window.
        weight_bytes: bytes of the weights of matrix products that a window takes out of the loop.
        handed_bytes: bytes that the stages of a window hand to each other in one step of one sample.
        device: where the run takes place.

    >>> device = Device(8e6, (0.0, 1e-4, 3e-4), 1e-4, (4e-5, 1e-4, 2e-4), 20.0)
    >>> [window_pays(length, 1e6, 1e4, device) for length in (2, 10)]
    [False, True]
    """
    saved = weight_bytes * (1 - device.few / length)
    return saved > max(device.window, 8 * handed_bytes)


def choose_tile(
    steps: int, step_bytes: float, weight_bytes: float, device: Device, windows: Mapping[int, float] | None = None
) -> int:
    """The number of steps of a tile that costs least.

    A short tile keeps what it computes in cache; a long one has fewer, larger matrix products, and adds its weights'
    gradient to the sum less often; a run of one tile is not cut at all. A length that divides `steps` is taken when one
    is near, as a remainder has to be compiled as well.

    Args:
        steps: steps of the run.
        step_bytes: bytes that the stages hand to each other in one step.
        weight_bytes: bytes of the weights of matrix products outside loops.
        device: where the run takes place.
        windows: bytes of the weights of matrix products in windows of loops, by the length of the windows.

    >>> choose_tile(1000, 200.0, 100.0, Device(8e6, (0.0, 1e-4, 3e-4), 1e-4, (4e-5, 1e-4, 2e-4), 20.0))
    1000
    """

    def weigh(size: float) -> float:
        # A product reads its weights, and writes and adds up their gradient.
        return device.weight[device.level(3 * size)] * size

    def cost(length: int) -> float:
        tiles = math.ceil(steps / length)
        moved = device.spill[device.level(length * step_bytes)] + (device.handover if tiles > 1 else 0.0)
        inside = sum(math.ceil(length / window) * weigh(size) for window, size in (windows or {}).items())
        return moved * steps * step_bytes + tiles * (device.per_tile + weigh(weight_bytes) + inside)

    fitting = [length for length in _candidates(steps) if length * step_bytes <= device.limit]
    return min(fitting, key=cost, default=1)


def _candidates(steps: int) -> Iterable[int]:
    """Lengths to compare: the divisors, and powers of two where no divisor is near."""
    small = [n for n in range(1, math.isqrt(steps) + 1) if steps % n == 0]
    divisors = {*small, *(steps // n for n in small)}
    powers = {2**k for k in range(2, steps.bit_length())}
    return sorted(divisors | {n for n in powers if not any(n / 2 <= d <= 2 * n for d in divisors)})
