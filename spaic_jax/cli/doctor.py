"""The command `doctor`: what is installed, and whether it computes what it should."""

import importlib.util
import json
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import jax
import jax.numpy as jnp
import numpy as np
import optax

import spaic_jax as sj
from spaic_jax import native
from spaic_jax._extras import EXTRAS
from spaic_jax.cli.errors import DoctorError
from spaic_jax.cli.table import show
from spaic_jax.train import fit

#: What each extra is good for.
PURPOSES = {
    "aeon": "the data set japanese_vowels", "cli": "configurations of the command line, tab completion", "data": "digits and mnist5000",
    "docs": "the site of docstrings", "files": "checkpoints, files of weights and networks", "hdf5": "data in HDF5 files",
    "neo": "spikes as Neo objects", "nir": "networks of other tools", "plot": "pictures", "progress": "progress bars and tables",
    "tensorboard": "logs for TensorBoard", "tonic": "data sets of tonic",
}


def doctor(as_json: bool) -> None:
    """Print versions, devices, the compiled kernels and optional packages, and test each device.

    Args:
        as_json: whether to print one line of JSON.

    Raises:
        DoctorError: what a device computes is wrong, with exit code 1.
    """
    versions = {"python": platform.python_version(), **{name: version(name) for name in ("jax", "jaxlib", "numpy", "optax")}}
    found = {module: importlib.util.find_spec(module) is not None for module in sorted(EXTRAS)}
    devices = jax.devices()
    wrong = {str(device): list(faults(device)) for device in devices}
    if as_json:
        print(json.dumps({
            "version": sj.__version__, "versions": versions, "devices": wrong, "compiled": native.available(),
            "missing": [module for module, there in found.items() if not there],
        }))
    else:
        show(f"spaic_jax {sj.__version__}", ["package", "version"], [[name, number] for name, number in versions.items()])
        show("Optional packages", ["package", "version", "what for"], [
            [module, _version(module) if there else f'missing: pip install "spaic_jax[{EXTRAS[module]}]"', PURPOSES[EXTRAS[module]]]
            for module, there in found.items()
        ])
        print(native.status())
        for device in devices:
            print(f"{device} ({device.device_kind}): {'; '.join(wrong[str(device)]) or 'a network trains, plans agree, gradients are right'}.")
    bad = [f"{device}: {fault}" for device, each in wrong.items() for fault in each]
    if bad:
        raise DoctorError(f"{bad[0]}.")


def faults(device: jax.Device) -> Iterator[str]:
    """What a device computes wrong, in words; nothing where all is well."""
    with jax.default_device(device):
        try:
            yield from (*_training(), *_plans(), *_gradients())
        # Whatever a broken installation raises is its fault.
        except Exception as error:
            yield f"a small network does not run ({type(error).__name__}: {' '.join(str(error).split())[:200].rstrip('.')})"


def _network() -> sj.Network:
    with sj.Network() as network:
        image = sj.Encoder(num=8, coding_method="constant_current")
        hidden = sj.NeuronGroup(16, model="lif")
        output = sj.NeuronGroup(2, model="leaky_integrator")
        network.into = sj.Connection(image, hidden, w_mean=0.1, w_std=0.4)
        network.out = sj.Connection(hidden, output, w_std=0.3)
        sj.StateMonitor(output, "V", name="seen")
        network.decision = sj.Decoder(dec_target=output, coding_method="final_step_voltage")
        network.image, network.hidden, network.output = image, hidden, output
    return network


def _data() -> tuple[np.ndarray, np.ndarray]:
    """Two classes that lie apart."""
    labels = np.arange(32) % 2
    means = np.where(np.arange(8) // 4 == labels[:, None], 0.8, 0.2)
    return (means + 0.1 * np.random.default_rng(0).random((32, 8))).astype(np.float32), labels


def _training() -> Iterator[str]:
    images, labels = _data()
    result = fit(
        sj.build(_network(), dt=1.0), "membrane_cross_entropy", optax.adam(1e-2), sj.data.Dataset({"image": images}, labels),
        epochs=8, batch_size=8, key=jax.random.key(0), steps=8, progress=False,
    )
    first, last = result.history[0]["loss"], result.history[-1]["loss"]
    if not last < first:
        yield f"the loss of a small network went from {first:.3g} to {last:.3g} in training instead of down"


def _plans() -> Iterator[str]:
    results = []
    for plan in (sj.Reference(), sj.Tiled()):
        sim = sj.build(_network(), dt=1.0, plan=plan)
        results.append(sim.run(sim.init(jax.random.key(0), 32), {"image": _data()[0]}, steps=8).outputs["decision"])
    apart = float(jnp.abs(results[0] - results[1]).max())
    if not apart < 1e-4:
        yield f"the default plan and the reference plan are {apart:.3g} apart"


def _gradients() -> Iterator[str]:
    """Where nothing spikes, a sum of squares is quadratic in the weights: central differences are exact but for rounding."""
    with sj.Network() as network:
        network.image = sj.Encoder(num=4, coding_method="constant_current")
        network.output = sj.NeuronGroup(3, model="leaky_integrator")
        network.into = sj.Connection(network.image, network.output, w_std=1.0)
        network.decision = sj.Decoder(dec_target=network.output, coding_method="final_step_voltage")
    sim = sj.build(network, dt=1.0)
    variables = sim.init(jax.random.key(0))

    def loss(weight: jax.Array) -> jax.Array:
        held = variables.with_params({**variables.params, "into.weight": weight})
        return (sim.run(held, {"image": _data()[0][:1, :4]}, steps=8).outputs["decision"] ** 2).sum()

    weight, along = variables["into.weight"], jax.random.normal(jax.random.key(1), (3, 4))
    slope = float((jax.grad(loss)(weight) * along).sum())
    differences = float(loss(weight + along) - loss(weight - along)) / 2
    if not abs(slope - differences) <= 1e-2 * abs(differences) + 1e-4:
        yield f"a gradient is {slope:.5g}, and {differences:.5g} by finite differences"


def _version(module: str) -> str:
    names = importlib.metadata.packages_distributions().get(module, [module])
    try:
        return version(names[0])
    except PackageNotFoundError:
        return "installed"
