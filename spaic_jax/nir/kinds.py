"""The node types of NIR: their fields, and the shapes that they take and give."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

Fields = Mapping[str, Any]
Shape = tuple[int, ...]

#: The fields of each type; those that end in `?` may be missing.
FIELDS: dict[str, tuple[str, ...]] = {
    "Affine": ("weight", "bias"),
    "AvgPool2d": ("kernel_size", "stride", "padding"),
    "Conv1d": ("input_shape?", "weight", "stride", "padding", "dilation", "groups", "bias?"),
    "Conv2d": ("input_shape?", "weight", "stride", "padding", "dilation", "groups", "bias?"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in?"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset?", "w_in?"),
    "Delay": ("delay",),
    "Flatten": ("start_dim", "end_dim", "input_type?"),
    "I": ("r",),
    "IF": ("r", "v_threshold", "v_reset?"),
    "Input": ("shape",),
    "LI": ("tau", "r", "v_leak"),
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset?"),
    "Linear": ("weight",),
    "NIRGraph": ("nodes", "edges"),
    "Output": ("shape",),
    "Scale": ("scale",),
    "SumPool2d": ("kernel_size", "stride", "padding"),
    "Threshold": ("threshold",),
}
#: What a missing field stands for: files before NIR 1.0.6 have no `v_reset`.
DEFAULTS = {"v_reset": 0.0, "w_in": 1.0}
#: What holds a state, so that a loop may pass it.
STATES = frozenset({"CubaLI", "CubaLIF", "I", "IF", "LI", "LIF"})
SPIKING = frozenset({"CubaLIF", "IF", "LIF", "Threshold"})
#: What becomes a group of neurons.
NEURONS = STATES | {"Threshold"}
CONVOLUTIONS, POOLS = frozenset({"Conv1d", "Conv2d"}), frozenset({"AvgPool2d", "SumPool2d"})
#: Types whose fields are one number a neuron.
ELEMENTWISE = NEURONS | {"Delay", "Scale"}
TIMES = frozenset({"tau", "tau_mem", "tau_syn"})


def checked(kind: str, given: Fields) -> dict[str, Any]:
    """The fields of a node with numbers in float64, all of them finite, and whole numbers where these are needed.

    Raises:
        ValueError: what is wrong with them, as the end of a sentence.
    """
    known = {name.rstrip("?"): name.endswith("?") for name in FIELDS[kind]}
    present = {name: value for name, value in given.items() if value is not None}
    for name in present:
        if name not in known:
            raise ValueError(f"the field '{name}' is none that this type has; those are {', '.join(known)}.")
    for name, optional in known.items():
        if not optional and name not in present:
            raise ValueError(f"the field '{name}' is missing.")
    fields = {name: _value(name, value) for name, value in present.items()}
    if kind in ELEMENTWISE:
        missing = {name: np.float64(DEFAULTS[name]) for name, optional in known.items() if optional and name not in fields}
        fields |= {name: np.asarray(value) for name, value in missing.items()}
        _check_alike(fields)
    _check_numbers(kind, fields)
    return fields


def _value(name: str, value: Any) -> Any:
    if isinstance(value, str | bytes):
        text = value.decode("utf8", "replace") if isinstance(value, bytes) else value
        if name != "padding" or text not in ("same", "valid"):
            allowed = ", 'same' or 'valid'" if name == "padding" else ""
            raise ValueError(f"'{name}' must be numbers{allowed}, not {text!r}.")
        return text
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"'{name}' must be an array, but its rows are not equally long.") from None
    if array.dtype.kind not in "iuf":
        raise ValueError(f"'{name}' must be real numbers, not of dtype {array.dtype}.")
    if not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0]
        at = f"[{', '.join(map(str, place))}]" if array.ndim else ""
        raise ValueError(f"'{name}' must be finite, but {name}{at} is {array[tuple(place)]}.")
    if name in ("shape", "input_type", "input_shape", "kernel_size", "stride", "padding", "dilation", "groups", "start_dim", "end_dim"):
        if (array != np.rint(array)).any():
            raise ValueError(f"'{name}' must be whole numbers, not {array.tolist()}.")
        return tuple(int(n) for n in array.ravel()) if array.ndim or name in ("shape", "input_type", "input_shape") else int(array)
    exact = array.astype(np.float64)
    if (np.abs(exact) > np.finfo(np.float32).max).any():
        raise ValueError(f"'{name}' holds {exact.flat[np.argmax(np.abs(exact))]:g}, which float32 does not.")
    return exact


def _check_alike(fields: Fields) -> None:
    shapes = {name: value.shape for name, value in fields.items() if value.size != 1}
    if len(set(shapes.values())) > 1:
        said = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"its fields must be of one shape, but are: {said}.")
    if any(not value.size for value in fields.values()):
        raise ValueError("it has no neurons: its fields are empty.")


def _check_numbers(kind: str, fields: Fields) -> None:
    for name, value in fields.items():
        if name in TIMES and not (value > 0).all():
            raise ValueError(f"'{name}' must be positive, but holds {value.min():g}.")
    if kind == "Delay" and (fields["delay"] < 0).any():
        raise ValueError(f"'delay' must not be negative, but holds {fields['delay'].min():g}.")
    for name in ("stride", "dilation", "groups", "kernel_size", "shape", "input_shape"):
        if name in fields and (np.asarray(fields[name]) < 1).any():
            raise ValueError(f"'{name}' must be positive, not {fields[name]}.")
    if not isinstance(fields.get("padding", ""), str) and (np.asarray(fields["padding"]) < 0).any():
        raise ValueError(f"'padding' must not be negative, not {fields['padding']}.")
    if kind in ("Input", "Output") and not fields["shape"]:
        raise ValueError("'shape' must have at least one axis.")
    axes = {"Affine": 2, "Linear": 2, "Conv1d": 3, "Conv2d": 4}.get(kind)
    if axes is None:
        return
    weight, bias = fields["weight"], fields.get("bias")
    if weight.ndim != axes or not weight.size:
        form = {2: "(out, in)", 3: "(out, in / groups, k)", 4: "(out, in / groups, kh, kw)"}[axes]
        raise ValueError(f"'weight' must be of shape {form}, not {weight.shape}.")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"'bias' must be of shape {weight.shape[:1]}, one for each row of the weight, not {bias.shape}.")
    if axes > 2:
        if np.size(fields["groups"]) != 1 or weight.shape[0] % whole(fields["groups"]):
            raise ValueError(f"'groups' must divide the {weight.shape[0]} maps that it makes, but is {fields['groups']}.")
        sizes("input_shape", fields.get("input_shape", 1), axes - 2)
        window(kind, fields)


def whole(value: Any) -> int:
    """The one number of a field, which may be an array of it."""
    return int(np.asarray(value).ravel()[0])


def sizes(name: str, value: Any, axes: int) -> tuple[int, ...]:
    """One number for every axis.

    Raises:
        ValueError: another number of numbers.
    """
    given = value if isinstance(value, tuple) else (value,)
    if len(given) not in (1, axes):
        raise ValueError(f"'{name}' must be one number or {axes}, not {value}.")
    return given * (axes if len(given) == 1 else 1)


def window(kind: str, fields: Fields) -> dict[str, tuple[int, ...]]:
    """Kernel, stride, dilation, and zeros before and after, of a convolution or a pool, a number for every axis.

    Raises:
        ValueError: numbers for other axes, or `"same"` with a stride.
    """
    axes = 1 if kind == "Conv1d" else 2
    kernel = fields["weight"].shape[2:] if kind in CONVOLUTIONS else sizes("kernel_size", fields["kernel_size"], axes)
    stride, dilation = sizes("stride", fields["stride"], axes), sizes("dilation", fields.get("dilation", 1), axes)
    if fields["padding"] == "same":
        if stride != (1,) * axes:
            raise ValueError(f"padding 'same' needs the stride 1, not {fields['stride']}.")
        around = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        before, after = tuple(n // 2 for n in around), tuple(n - n // 2 for n in around)
    else:
        before = after = sizes("padding", 0 if fields["padding"] == "valid" else fields["padding"], axes)
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "before": before, "after": after}


def takes(kind: str, fields: Fields) -> Shape | None:
    """The shape that a node takes, as far as it says so itself."""
    if kind in ("Input", "Output"):
        return tuple(fields["shape"])
    if kind in ("Affine", "Linear"):
        return (fields["weight"].shape[1],)
    if kind in ELEMENTWISE:
        return next((value.shape for value in fields.values() if value.size != 1), None)
    if kind in CONVOLUTIONS and "input_shape" in fields:
        axes = fields["weight"].ndim - 2
        return (fields["weight"].shape[1] * whole(fields["groups"]), *sizes("input_shape", fields["input_shape"], axes))
    if kind == "Flatten" and "input_type" in fields:
        return tuple(fields["input_type"])
    return None


def gives(kind: str, fields: Fields, shape: Shape) -> Shape:
    """The shape that a node makes of one that it takes.

    Raises:
        ValueError: one that it cannot take.
    """
    if kind in ("Affine", "Linear"):
        return (fields["weight"].shape[0],)
    if kind == "Flatten":
        first, last = (n + len(shape) if n < 0 else n for n in (whole(fields["start_dim"]), whole(fields["end_dim"])))
        if not 0 <= first <= last < len(shape):
            raise ValueError(
                f"start_dim {fields['start_dim']} and end_dim {fields['end_dim']} are no axes of {shape}, which has no batch axis."
            )
        return (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])
    if kind not in CONVOLUTIONS | POOLS:
        return shape
    axes = 1 if kind == "Conv1d" else 2
    if len(shape) != axes + 1:
        raise ValueError(f"it needs a shape {'(C, L)' if axes == 1 else '(C, H, W)'}, but gets {shape}.")
    channels = shape[0]
    if kind in CONVOLUTIONS:
        needed = fields["weight"].shape[1] * whole(fields["groups"])
        if channels != needed:
            raise ValueError(f"its weight needs {needed} maps, but gets {shape}.")
        channels = fields["weight"].shape[0]
    spaces = window(kind, fields)
    made = []
    for n, k, s, d, low, high in zip(shape[1:], *(spaces[key] for key in ("kernel", "stride", "dilation", "before", "after")), strict=True):
        room = n + low + high - d * (k - 1) - 1
        if room < 0:
            raise ValueError(f"its window {spaces['kernel']} is larger than what it gets, {shape}.")
        made.append(room // s + 1)
    return (channels, *made)
