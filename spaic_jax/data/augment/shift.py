"""Images that are moved."""

import dataclasses
import math

import jax
import jax.numpy as jnp

from spaic_jax._numbers import whole
from spaic_jax._shapes import Array, Num
from spaic_jax.data.augment.base import OfInputs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shift(OfInputs):
    """Images moved by whole pixels along both axes, each as a whole, with zeros coming in.

    Attributes:
        pixels: how far at most; each distance from `-pixels` to `pixels` is as likely.
        size: height and width, where the last two axes are not these, such as `(28, 28)` for inputs of 784.

    Raises:
        ValueError: `pixels` that is no positive whole number, or inputs that are no images of this size.

    Example:
        >>> images = jnp.arange(1.0, 10.0).reshape(1, 3, 3)
        >>> Shift(pixels=1)(jax.random.key(1), {"eye": images}, jnp.array([0]))[0]["eye"].shape
        (1, 3, 3)
    """

    pixels: int = 2
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", whole(self.pixels, "pixels of a shift"))
        if self.size is not None:
            object.__setattr__(self, "size", tuple(whole(size, "a size of a shift") for size in self.size))

    def change(self, key: jax.Array, x: Num[Array, "time batch *sample"], name: str) -> Num[Array, "time batch *sample"]:
        """The moved images."""
        size, sample = self.size or x.shape[-2:], x.shape[2:]
        if (self.size is None and len(sample) < 2) or len(size) != 2 or math.prod(sample) % math.prod(size):
            raise ValueError(f"samples of '{name}' are {list(sample)}, no images of height and width: say size to Shift.")
        far = self.pixels
        images = jnp.pad(x.reshape(*x.shape[:2], -1, *size), ((0, 0), (0, 0), (0, 0), (far, far), (far, far)))

        def move(image: jax.Array, corner: jax.Array) -> jax.Array:
            zero = jnp.zeros((), corner.dtype)
            return jax.lax.dynamic_slice(image, (zero, zero, corner[0], corner[1]), (*image.shape[:2], *size))

        corners = jax.random.randint(key, (x.shape[1], 2), 0, 2 * far + 1)
        return jax.vmap(move, in_axes=(1, 0), out_axes=1)(images, corners).reshape(x.shape)
