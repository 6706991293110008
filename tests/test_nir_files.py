"""The command line's side of NIR, and recordings as its data."""

import jax
import nir
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.cli import main


@pytest.fixture
def network():
    with sj.Network() as net:
        image = sj.Encoder(num=3, coding_method="spikes")
        with sj.Assembly() as cortex:
            layer = sj.NeuronGroup(4, model="lif", tau_m=5.0)
        synapses = sj.Connection(image, layer, weight=np.full((4, 3), 0.6))
        fired, potential = sj.SpikeMonitor(layer), sj.StateMonitor(layer, "V")
        out = sj.Decoder(dec_target=layer, coding_method="null")
    assert {"cortex", "synapses", "fired", "potential", "out"} < set(net.members) and (cortex, synapses, fired, potential, out)
    return net


def test_a_file_is_imported_and_checked_by_commands(network, tmp_path, capsys):
    sim = sj.build(network, dt=0.5)
    graph, _ = sj.to_nir(network, sim, sim.init(jax.random.key(0)))
    sj.nir.write(tmp_path / "a.nir", graph)
    assert main(["nir", "check", str(tmp_path / "a.nir"), "--steps", "50"]) == 0
    assert "integrator: exact" in (said := capsys.readouterr().out) and "50 steps of 4 samples: spikes are equal" in said
    assert main(["nir", "import", str(tmp_path / "a.nir"), str(tmp_path / "a.toml")]) == 0
    again = sj.load_simulator(tmp_path / "a.toml")
    variables, _ = sj.load_weights(tmp_path / "a.safetensors", again)
    assert again.program.dt == 0.5 and np.asarray(variables["synapses.weight"]).tolist() == np.full((4, 3), 0.6, "float32").tolist()
    _, _, report = sj.from_nir(tmp_path / "a.nir", dt=1.0)
    assert report.choices["but it was written for"] == "dt 0.5, integrator 'exact'"


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["check", "none.nir", "--dt", "1"], "none.nir: there is no such file"),
        (["check", "a.nir"], "a.nir does not say the length of a step: give --dt, in ms."),
        (["import", "a.nir", "a.txt", "--dt", "1"], "unknown suffix '.txt'"),
        (["export", "none", "a.nir"], "'none' is no run folder"),
    ],
)
def test_errors_are_one_sentence(words, sentence, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sj.nir.write("a.nir", nir.NIRGraph.from_list(nir.Linear(weight=np.ones((3, 2)))))
    assert main(["nir", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1


def test_recordings_are_data_of_nir_and_back(network, tmp_path):
    sim = sj.build(network, dt=0.3)
    spikes = (np.random.default_rng(0).random((40, 2, 3)) < 0.5).astype("float32")
    result = sim.run(sim.init(jax.random.key(0), 2), {"image": spikes})
    data = sj.nir.to_nir_data(network, result)
    events = data.nodes["cortex"].nodes["layer"].observables["spikes"]
    raster = np.asarray(result.probes["fired"])
    assert raster.any() and events.to_time_gridded(0.3e-3).data.tolist() == np.moveaxis(raster, 0, 1).tolist()
    back = sj.nir.from_nir_data(data, 0.3)["cortex/layer"]
    assert back["spikes"].tolist() == raster.astype("float32").tolist() and back["V"].tolist() == result.probes["potential"].tolist()
    sj.nir.write(tmp_path / "data.nir", data)
    read = sj.nir.from_nir_data(nir.read_data(tmp_path / "data.nir"), 0.3)["cortex/layer"]
    assert all(read[name].tolist() == back[name].tolist() for name in back)
    with pytest.raises(ValueError, match=r"V is given in steps of 0.3 ms, not of 0.2 ms"):
        sj.nir.from_nir_data(data, 0.2)
