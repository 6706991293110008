"""Processes of their own on this machine: the numbers of one, and an end for all when one of them ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.cli.errors import UserError
from spaic_jax.cli.many import lost_errors
from spaic_jax.distributed.children import ProcessError, run_together
from spaic_jax.storage._tensors import read_file

ROOT = Path(__file__).parents[1]
CONFIG = """
[network.encoders.image]
num = 64
coding_method = "poisson"
[network.groups.zzz]
num = 48
model = "lif"
[network.groups.aaa]
num = 10
model = "leaky_integrator"
[network.connections.into]
pre = "image"
post = "zzz"
w_std = 0.3
[network.connections.out]
pre = "zzz"
post = "aaa"
w_std = 0.05
[network.decoders.decision]
dec_target = "aaa"
coding_method = "final_step_voltage"
[simulation]
dt = 1.0
duration = 8.0
[data]
name = "digits"
[training]
epochs = {epochs}
batch_size = 8
loss = "membrane_cross_entropy"
optimizer = {{ name = "sgd", learning_rate = 0.02 }}
"""

SIMULATION = """
[network.generators.noise]
num = 8
coding_method = "poisson_generator"
rate = 2.0
[network.groups.zzz]
num = 12
model = "lif"
tau_m = 20.0
[network.connections.link]
pre = "noise"
post = "zzz"
weight = { initial = "normal", mean = 0.3, std = 0.1 }
w_min = 0.0
w_max = 0.6
plasticity = ["stdp"]
[network.monitors.fired]
kind = "spikes"
target = "zzz"
[network.monitors.weights]
kind = "weight"
target = "link"
dt = 10.0
[simulation]
dt = 1.0
duration = 100.0
"""

#: Four blocks of three neurons, that hear of each other once in two steps, and learn.
BLOCKS = """
[network.generators.noise]
num = 8
coding_method = "poisson_generator"
rate = 2.0
[network.groups.zzz]
num = 12
model = "lif"
tau_m = 20.0
[network.connections.drive]
pre = "noise"
post = "zzz"
link_type = "fixed_indegree"
indegree = 4
storage = "pairs"
weight = { initial = "normal", mean = 0.3, std = 0.1 }
[network.connections.loop]
pre = "zzz"
post = "zzz"
link_type = "fixed_indegree"
indegree = 4
storage = "pairs"
delay = 2.0
w_mean = 0.1
w_std = 0.1
w_max = 0.6
plasticity = ["stdp"]
[network.monitors.fired]
kind = "spikes"
target = "zzz"
[simulation]
dt = 1.0
duration = 120.0
"""


@pytest.fixture
def config(tmp_path):
    def write(epochs):
        path = tmp_path / f"{epochs}.toml"
        path.write_text(CONFIG.format(epochs=epochs))
        return str(path)

    return write


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of three epochs on one device, without a break."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "c.toml").write_text(CONFIG.format(epochs=3))
    assert main(["train", str(folder / "c.toml"), "--out", str(folder / "run"), "--quiet"]) == 0
    return folder / "run"


def command(*arguments):
    # Each process has one device, whatever those of the tests are.
    return subprocess.Popen(
        [sys.executable, "-m", "spaic_jax", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": ""},
    )


def process_one(folder):
    """The number of the process with the id 1 of a run in a folder."""
    for each in Path("/proc").iterdir():
        try:
            words = (each / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"--out={folder}".encode() in words and b"--process-id=1" in words:
            return int(each.name)
    raise AssertionError("there is no such process")


def wait_for(folder, epochs):
    for _ in range(1200):
        metrics = folder / "metrics.jsonl"
        if metrics.is_file() and len(metrics.read_text().splitlines()) >= epochs:
            return
        time.sleep(0.05)
    raise AssertionError("it does not train")


def weights(folder):
    return read_file(folder / "weights.safetensors", "weights")[0]


def assert_same(folder, other):
    """Up to the rounding of the sums over samples, which are gradients of weights here, in some hundred updates."""
    found, needed = weights(folder), weights(other)
    for name, x in needed.items():
        np.testing.assert_allclose(found[name], x, atol=2e-5, err_msg=name)


def test_one_of_two_is_killed_and_the_rest_is_gone_on_with(config, tmp_path, whole):
    path, killed = config(3), tmp_path / "killed"
    run = command("train", path, f"--out={killed}", "--local-processes=2", "--patience=300", "--quiet")
    wait_for(killed, 1)
    os.kill(process_one(killed), signal.SIGKILL)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1, said
    assert "spaic-jax: process 1 of 2 was ended by SIGKILL; so are the others. Go on with: spaic-jax train" in said
    assert "Traceback" not in said and said.rstrip().endswith("--patience=300 --local-processes=2 --resume")
    assert not (killed / "weights.safetensors").exists()
    assert main(["train", path, "--out", str(killed), "--quiet", "--resume"]) == 0
    assert_same(killed, whole)


def test_four_processes_have_blocks_of_one_network(tmp_path):
    path = tmp_path / "net.toml"
    path.write_text(BLOCKS)
    how = ["simulate", str(path), "--learn", "--chunk=40", "--quiet"]
    four, one = tmp_path / "four", tmp_path / "one"
    run = command(*how, f"--out={four}", "--local-processes=4", "--json")
    assert main([*how, f"--out={one}"]) == 0
    shown, said = run.communicate(timeout=200)
    assert run.returncode == 0, said
    found, needed = sj.Recording.load(four), sj.Recording.load(one)
    # What is printed is one line of JSON, whatever is said below Python.
    assert json.loads(shown)["monitors"]["fired"]["spikes"] == len(needed.spikes("fired")) > 200
    assert (found.layout.blocks, needed.layout.blocks) == (4, 1)
    np.testing.assert_array_equal(found.spikes("fired").times, needed.spikes("fired").times)
    np.testing.assert_array_equal(found.spikes("fired").neurons, needed.spikes("fired").neurons)


def test_devices_that_cannot_share_out_a_group_are_told(tmp_path):
    path = tmp_path / "net.toml"
    path.write_text(BLOCKS)
    with pytest.warns(UserWarning, match="2 devices cannot share out zzz evenly: each has the whole of it"):
        assert main(["simulate", str(path), "--set=network.groups.zzz.num=13", "--devices=2", "--duration=8", "--quiet", f"--out={tmp_path / 'out'}"]) == 0


@pytest.mark.slow
def test_a_simulation_goes_on_with_another_number_of_processes(tmp_path):
    path = tmp_path / "net.toml"
    path.write_text(SIMULATION)
    how = ["simulate", str(path), "--learn", "--chunk=20", "--duration=4000", "--quiet"]
    killed, one = tmp_path / "killed", tmp_path / "one"
    run = command(*how, f"--out={killed}", "--local-processes=2")
    for _ in range(1200):
        if (killed / "part-000003.npz").is_file():
            break
        time.sleep(0.05)
    os.kill(process_one(killed), signal.SIGKILL)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1 and "process 1 of 2 was ended by SIGKILL; so are the others. Go on with: spaic-jax simulate" in said, said
    assert not sj.Recording.load(killed).finished
    assert main([*how, f"--out={one}"]) == 0
    rest = command(*how, f"--out={killed}", "--local-processes=3", "--resume", "--json")
    shown, said = rest.communicate(timeout=200)
    assert rest.returncode == 0, said
    found, needed = sj.Recording.load(killed), sj.Recording.load(one)
    assert json.loads(shown.splitlines()[-1])["monitors"]["fired"]["spikes"] == len(needed.spikes("fired")) > 1000
    np.testing.assert_array_equal(found.spikes("fired").times, needed.spikes("fired").times)
    np.testing.assert_array_equal(found.spikes("fired").neurons, needed.spikes("fired").neurons)
    np.testing.assert_allclose(found.probes["weights"], needed.probes["weights"], atol=1e-5)


@pytest.mark.slow
def test_two_processes_go_on_with_what_two_devices_began(config, tmp_path, capsys, whole):
    path, begun = config(3), tmp_path / "begun"
    assert main(["train", path, "--out", str(begun), "--quiet", "--devices=2"]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert_same(begun, whole)
    # As if it had been stopped after its first epoch but one.
    (begun / "checkpoint-3.safetensors").unlink()
    (begun / "weights.safetensors").unlink()
    run = command("train", path, f"--out={begun}", "--local-processes=2", "--quiet", "--resume")
    shown, said = run.communicate(timeout=90)
    assert run.returncode == 0, said
    assert shown.splitlines()[-1] == told
    assert_same(begun, whole)


@pytest.mark.slow
def test_four_share_out_rows_and_samples_and_any_number_goes_on(config, tmp_path, whole):
    path, killed = config(3), tmp_path / "killed"
    run = command("train", path, f"--out={killed}", "--local-processes=4", "--rows=2", "--quiet")
    wait_for(killed, 1)
    os.kill(process_one(killed), signal.SIGKILL)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1 and "process 1 of 4 was ended by SIGKILL" in said and "Traceback" not in said, said
    assert "--rows=2" in said and not (killed / "weights.safetensors").exists()
    assert any(file.name.startswith("checkpoint-1.3of4.") for file in killed.iterdir())
    for processes in (1, 2, 4):
        folder = tmp_path / str(processes)
        shutil.copytree(killed, folder)
        many = [] if processes == 1 else [f"--local-processes={processes}", f"--rows={processes // 2}"]
        rest = command("train", path, f"--out={folder}", "--quiet", "--resume", *many)
        _, said = rest.communicate(timeout=200)
        assert rest.returncode == 0, said
        assert_same(folder, whole)
        assert sum(file.name.startswith("weights.") for file in folder.iterdir()) == (5 if processes == 4 else 1)
    assert main(["evaluate", str(tmp_path / "4")]) == 0


ROWS = """
import sys
import jax, numpy as np, optax, spaic_jax as sj
sj.distributed.start(sys.argv[1], 2, int(sys.argv[2]))
mesh = jax.sharding.Mesh(np.array(jax.devices()).reshape(1, -1), ("data", "model"))
with sj.Network() as net:
    image = sj.Encoder(num=12, coding_method="poisson")
    zzz = sj.NeuronGroup(16, model="lif")
    net.into = sj.Connection(image, zzz, w_mean=0.1, w_std=0.2, w_min=-1.0, w_max=1.0)
    net.counts = sj.Decoder(dec_target=zzz)
sim, random = sj.build(net, dt=1.0), np.random.default_rng(1)
data = sj.data.Dataset({"image": random.uniform(size=(16, 12)).astype(np.float32)}, random.integers(0, 16, 16))
how = {"batch_size": 8, "key": jax.random.key(0), "steps": 5}
one, many = (
    sj.train.fit(sim, "count_cross_entropy", optax.sgd(0.1), data, epochs=2, progress=False, mesh=each, **how) for each in (None, mesh)
)
assert not many.variables["into.weight"].is_fully_addressable
np.testing.assert_allclose([row["loss"] for row in many.history], [row["loss"] for row in one.history], rtol=1e-6)
tested = [sj.train.evaluate(sim, each.variables, data, mesh=on, **how) for each, on in ((one, None), (many, mesh))]
np.testing.assert_array_equal(tested[1].predictions, tested[0].predictions)
"""


@pytest.mark.slow
def test_two_processes_share_out_rows(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    run_together(lambda coordinator, number: [sys.executable, "-c", ROWS, coordinator, str(number)], 2, patience=120.0)


def test_a_process_that_hangs_ends_all(tmp_path):
    def waits(coordinator, number):
        assert coordinator.startswith("127.0.0.1:")
        return [sys.executable, "-c", f"import time; time.sleep({60 * number})"]

    began = time.monotonic()
    with pytest.raises(ProcessError, match="process 1 of 2 has done nothing for 1 s; all are ended"):
        run_together(waits, 2, patience=1.0)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("code", "sentence"),
    [("import sys; sys.exit('spaic-jax: too little of it.')", "process 1 of 2 ended with code 1 \\(too little of it\\)"),
     ("import os; os.abort()", "process 1 of 2 was ended by SIGABRT")],
)
def test_a_process_that_fails_ends_all(code, sentence, capfd):
    with pytest.raises(ProcessError, match=sentence):
        run_together(lambda _, number: [sys.executable, "-c", code if number else "import time; time.sleep(60)"], 2, patience=60.0)
    assert not capfd.readouterr().err


def test_of_several_that_end_the_first_reason_is_told(capfd):
    """Process 0 has lost process 2, and JAX aborts process 1; or all find a file wrong, and process 0 is the last to say so."""
    code = "import os, sys, time; number = {}; time.sleep(0.3 * (number == 2)); {}"
    lost = "sys.exit('spaic-jax: too little of it.') if number == 2 else os.abort() if number else sys.exit(3)"
    with pytest.raises(ProcessError, match="process 2 of 3 ended with code 1 \\(too little of it\\)"):
        run_together(lambda _, number: [sys.executable, "-c", code.format(number, lost)], 3, patience=60.0)
    wrong = "print('bad', number, file=sys.stderr); time.sleep(0.3 * (number == 0)); sys.exit(2)"
    with pytest.raises(ProcessError) as raised:
        run_together(lambda _, number: [sys.executable, "-c", code.format(number, wrong)], 2, patience=60.0)
    assert (str(raised.value), raised.value.code, capfd.readouterr().err) == ("", 2, "bad 0\n")


def test_one_that_joins_others_ends_when_it_does_nothing():
    code = "import time; from spaic_jax.distributed.beat import watch; watch(0.2, 'process 1 of 2'); time.sleep(60)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 1
    assert done.stderr == "spaic-jax: process 1 of 2 has done nothing for 0.2 s: it hangs, or another one does that it waits for.\n"


def test_the_end_of_another_process_is_told_as_such(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(UserError) as raised, lost_errors(["spaic-jax", "train", "a b", "--resume"]):
        raise RuntimeError("UNKNOWN: Gloo all-reduce failed: [pair.cc:538] Read error [127.0.0.1]:62598: Connection reset by peer")
    sentence = "process 0 of 2 has lost another one (UNKNOWN: Gloo all-reduce failed); when all have ended, go on with: spaic-jax train 'a b' --resume"
    assert (str(raised.value), raised.value.code) == (sentence, 3)
    with pytest.raises(ValueError, match="as it was"), lost_errors([]):
        raise ValueError("as it was")


def test_kubernetes_needs_its_package(monkeypatch):
    def nothing(*_):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setattr(jax.distributed, "initialize", nothing)
    monkeypatch.setattr(jax, "config", SimpleNamespace(update=lambda *_: None))
    with pytest.raises(ImportError, match="processes under Kubernetes need the package kubernetes to find each other"):
        sj.distributed.start()
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    with pytest.raises(ValueError, match="nothing says how many processes there are"):
        sj.distributed.start()


def test_process_0_says_itself_what_is_wrong(capfd):
    with pytest.raises(ProcessError) as raised:
        run_together(lambda _, number: [sys.executable, "-c", "import sys; print('bad', file=sys.stderr); sys.exit(2)"], 2, patience=60.0)
    assert (str(raised.value), raised.value.code) == ("", 2)
    assert capfd.readouterr().err == "bad\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--devices", "64"], "64 devices are wanted, but there are 2 (cpu)."),
        (["--devices", "2", "--rows", "3"], "2 devices cannot be shared out evenly among groups of 3 that share out rows."),
        (["--devices", "2", "--set", "training.batch_size=31"], "training: batch_size 31 cannot be shared out evenly over the 2 devices"),
        (["--processes", "2"], "--processes and --process-id need --coordinator HOST:PORT."),
        (["--coordinator", "localhost:1", "--processes", "2"], "coordinator, processes and process_id belong together"),
        (["--coordinator", "auto", "--processes", "2"], "coordinator, processes and process_id belong together"),
        (["--coordinator", "localhost:1", "--processes", "2", "--process-id", "2"], "process_id must be within 0 ... 1 for 2 processes, not 2."),
        (["--seeds", "0..2", "--devices", "2"], "--seeds: 3 seeds cannot be shared out evenly over 2 devices."),
        (["--seeds", "0..1", "--devices", "2", "--rows", "2"], "--seeds shares out whole trainings: leave out --rows."),
        (["--local-processes", "2", "--process-id", "0"], "--local-processes starts them itself"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_written(config, tmp_path, capsys, arguments, sentence):
    assert main(["train", config(1), "--out", str(tmp_path / "run"), "--quiet", *arguments]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
