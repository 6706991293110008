"""Draws the picture of the README, with the package's own plots: python .github/picture.py FILE.png"""

import io
import sys

import jax
from PIL import Image

import spaic_jax as sj
from spaic_jax import plot

with sj.Network() as net:
    drive = sj.Encoder(num=100, coding_method="poisson", unit_conversion=0.05)
    exc = sj.NeuronGroup(80, model="lif", tau_m=20.0, t_ref=2.0)
    inh = sj.NeuronGroup(20, model="lif", tau_m=10.0)
    feed = sj.Connection(drive, exc, w_mean=0.06, w_std=0.02)
    excite = sj.Connection(exc, inh, w_mean=0.05, w_std=0.01, delay=1.5)
    inhibit = sj.Connection(inh, exc, w_mean=-0.012, w_std=0.003, delay=3.0, syn_type=["1_order_synapse"], tau=8.0)
    spikes, others = sj.SpikeMonitor(exc), sj.SpikeMonitor(inh)
    voltage = sj.StateMonitor(exc, "V", index=[0, 1])

sim = sj.build(net, dt=0.5)
result = sim.run(sim.init(jax.random.key(0)), {"drive": jax.numpy.ones((1, 100))}, jax.random.key(1), sim.steps(250.0))
seen = {name: values[:, 0] for name, values in result.probes.items()}

drawn = [
    plot.network_graph(net),
    plot.raster({"exc": seen["spikes"], "inh": seen["others"]}, {"exc": seen["voltage"]}, dt=0.5, v_th=1.0)[0],
]
images = []
for axes in drawn:
    buffer = io.BytesIO()
    axes.figure.savefig(buffer, format="png", dpi=100)
    images.append(Image.open(buffer).convert("RGB"))
width = max(image.width for image in images)
picture = Image.new("RGB", (width, sum(image.height for image in images)), "white")
top = 0
for image in images:
    picture.paste(image, ((width - image.width) // 2, top))
    top += image.height
picture.quantize(64).save(sys.argv[1], optimize=True)
