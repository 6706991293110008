"""The page for users of SPAIC: complete, every name on it is there, and every row holds when it is called."""

import doctest
import functools
import importlib
import inspect
import io
import pathlib
import re

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax import ops
from spaic_jax._spellings import SPELLINGS
from spaic_jax.coming_from_spaic import NAMES, SECTIONS, SETTING, page

HERE = pathlib.Path(__file__).parent
REFERENCE = HERE.parents[2] / "shared" / "reference" / "spaic.md"
ON_PAGE, BESIDES = (block.split("\n", 1)[1].split() for block in (HERE / "spaic_backend_names.txt").read_text().split("\n\n"))


def test_every_name_of_spaic_is_on_the_page():
    assert len(ON_PAGE) == len(set(ON_PAGE)) == 132
    assert sorted({*ON_PAGE, *BESIDES, *ops.REGISTRY, *ops.INITIALISERS} - set(NAMES)) == []
    assert sum(map(len, SECTIONS.values())) == len(NAMES)


def described():
    """The names of the backend in the description of SPAIC: its table of ops, its attributes, and how things are added."""
    text = REFERENCE.read_text()
    rows = re.findall(r"^\| (`.*?) \| (?:yes|no|init table|\W|\*\*no\*\*) \|", text[: text.index("## 2.")], re.M)
    rows += re.findall(r"^\* (`.*)$", text[text.index("### 2.2") : text.index("### 2.3")], re.M)
    rows += re.findall(r"^Torch_Backend methods that are not ops:((?:.*\n)*?)\n", text, re.M)
    rows += re.findall(r"^Ops in `basic_operate` that the published API page does not list:((?:.*\n)*?)\n", text, re.M)
    spans = [span for row in rows for span in re.findall(r"`([^`]*)`", row)]
    names = {word for span in spans for word in re.findall(r"^[\w ]+$|^\w+(?=\()", span)}
    attributes = re.search(r"^Attributes: (.*?)\.$", text, re.M | re.S)[1]
    return {word for name in names for word in name.split()} | {entry.split()[0] for entry in re.split(r",\s+", attributes)}


#: Words of the description that name no part of the backend: an argument and a flag of an op.
NO_NAMES = {"requires_grad", "var"}


@pytest.mark.skipif(not REFERENCE.exists(), reason="the description of SPAIC is not part of the repository")
def test_the_list_of_names_agrees_with_the_description():
    names = described()
    assert len(names) > 100
    assert sorted(names - {*ON_PAGE, *BESIDES} - NO_NAMES) == []


def find(name):
    """The object of a full name."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            return functools.reduce(attribute, parts[cut:], importlib.import_module(".".join(parts[:cut])))
        except ModuleNotFoundError:
            continue
    raise AssertionError(f"nothing is called {name}")


def attribute(holder, name):
    """An attribute, or a field of a dataclass without a default."""
    return getattr(holder, name) if hasattr(holder, name) else holder.__dataclass_fields__[name]


@pytest.fixture(scope="module")
def setting():
    """What the examples stand on."""
    names = {name: getattr(ops, name) for name in ops.__all__}
    exec(SETTING, names)
    return names


@pytest.mark.parametrize("section, name", [(section, name) for section, rows in SECTIONS.items() for name in rows])
def test_every_row_holds(section, name, setting):
    row = NAMES[name]
    find(row.counterpart)
    example = doctest.DocTestParser().get_doctest(inspect.cleandoc(row.example) + "\n", dict(setting), name, None, 0)
    assert example.examples
    report = io.StringIO()
    # Some transformations of optax mix dtypes, as users' programs may, and as these tests else forbid.
    with jax.numpy_dtype_promotion("standard" if section == "Training" else "strict"):
        failed = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS).run(example, out=report.write)
    assert not failed.failed, report.getvalue()


def test_the_page_lists_them_and_the_guide_points_to_it():
    lines = page().splitlines()
    assert [name for name in NAMES if not any(line.startswith(f"| `{name}` | ") for line in lines)] == []
    assert "coming_from_spaic.page()" in (HERE.parents[1] / ".github" / "GUIDE.md").read_text()


def connection(**settings):
    return lambda: sj.Connection(sj.Encoder(num=4), sj.NeuronGroup(3, model="lif"), **settings)


@pytest.mark.parametrize(
    "spelt, declare",
    [
        ("delay_complex_synapse", connection(syn_type=["delay_complex_synapse"])),
        ("directpass", connection(syn_type=["directpass"])),
        ("Isyn_bn", connection(Isyn_bn=True)),
        ("min_delay", connection(min_delay=1.0)),
        ("sparse_with_mask", connection(sparse_with_mask=True)),
        ("is_sparse", connection(is_sparse=True)),
        ("prefer_device", connection(prefer_device="cpu")),
        ("prefer_device", lambda: sj.NeuronGroup(3, model="lif", prefer_device="cpu")),
        ("neuron_model", lambda: sj.NeuronGroup(3, model="lif", neuron_model="lif")),
        ("outlayer", lambda: sj.NeuronGroup(3, model="lif", outlayer=True)),
        ("encoding", lambda: sj.Encoder(num=3, encoding="poisson")),
        ("is_encoded", lambda: sj.Encoder(num=3, is_encoded=True)),
        ("decoding", lambda: sj.Decoder(dec_target=sj.NeuronGroup(3, model="lif"), decoding="spike_counts")),
        ("target", lambda: sj.Decoder(dec_target=sj.NeuronGroup(3, model="lif"), target=None)),
    ],
)
def test_an_error_about_a_spelling_of_spaic_says_the_new_one(spelt, declare):
    with pytest.raises(ValueError) as caught:
        declare()
    assert f"SPAIC's {spelt} is written {SPELLINGS[spelt.lower()]} here" in str(caught.value)


def test_every_spelling_has_a_row():
    assert sorted(set(SPELLINGS) - {name.lower() for name in NAMES}) == []


def test_if_has_the_values_of_ifsoftreset_and_not_its_gradients(key):
    """SPAIC's ifsoftreset sets V to V - V O, through which the surrogate passes; `if` keeps it out."""
    surrogate = sj.surrogate.AtanGrad()
    rows = [
        ("v", "add", "V", "Isyn[updated]"), ("x", "minus", "v", "Vth"), ("O", surrogate, "x"),
        ("V", lambda v, o: v - v * o, "v", "O[updated]"),
    ]  # fmt: skip
    spaic = sj.neurons.rows_model(rows, {"V": 0.0, "Vth[constant]": 1.0}, add_threshold=False)
    found = []
    for model in ("if", spaic):
        net = sj.Network()
        net.x = sj.Encoder(num=2, coding_method="constant_current")
        net.g = sj.NeuronGroup(3, model=model, **({"surrogate": surrogate} if model == "if" else {}))
        net.w = sj.Connection(net.x, net.g, weight=np.arange(6.0).reshape(3, 2) / 10 + 0.1)
        net.v, net.o = sj.StateMonitor(net.g, "V"), sj.SpikeMonitor(net.g)
        sim = sj.build(net, 1.0)
        before = sim.init(key)

        def loss(params, sim=sim, before=before):
            result = sim.run(before.with_params(params), {"x": np.ones((1, 2))}, steps=12)
            return result.probes["v"].sum(), result

        (_, result), slope = jax.value_and_grad(loss, has_aux=True)(before.params)
        found.append((result.probes["v"], result.probes["o"], slope["w.weight"]))
    (v, o, slope), (spaic_v, spaic_o, spaic_slope) = found
    np.testing.assert_allclose(v, spaic_v, atol=1e-6)
    np.testing.assert_array_equal(o, spaic_o)
    assert o.sum() > 0 and not np.allclose(slope, spaic_slope)
    assert "not the same gradients" in NAMES["ifsoftreset"].note
