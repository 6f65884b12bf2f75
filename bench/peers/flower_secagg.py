"""Rounds of Flower's SecAgg+ in its simulation, timed; run by the peers' own interpreter.

    flower_secagg.py MEMBERS PARAMETERS ROUNDS

Counted: all that `SecAggPlusWorkflow` and `secaggplus_mod` do for a round: keys, shares, quantising, masks,
sending, unmasking, dequantising, and the strategy's average. Every member shares its keys with every other,
at the threshold that we have, and answers with the vector that ours has in the same place, read from a file:
no training is timed. Prints the seconds of each round as a JSON list; the first includes starting the
workers, and a round that was given up counts as an error.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")

import numpy as np
from flwr.app import Context
from flwr.client import NumPyClient
from flwr.client.mod import secaggplus_mod
from flwr.clientapp import ClientApp
from flwr.common import ndarrays_to_parameters
from flwr.server import LegacyContext, ServerConfig
from flwr.server.strategy import FedAvg
from flwr.server.workflow import DefaultWorkflow, SecAggPlusWorkflow
from flwr.serverapp import Grid, ServerApp
from flwr.simulation import run_simulation

MEMBERS, PARAMETERS, ROUNDS = (int(each) for each in sys.argv[1:4])
VECTORS = "FLOWER_SECAGG_VECTORS"
SECONDS = []


class Member(NumPyClient):
    def __init__(self, member: int) -> None:
        self.member = member

    def fit(self, _parameters, _config):
        return [np.load(Path(os.environ[VECTORS]) / f"{self.member}.npy")], 100 + 10 * self.member, {}


def member(context: Context):
    return Member(int(context.node_config["partition-id"])).to_client()


class Timed(SecAggPlusWorkflow):
    def __call__(self, grid: Grid, context: Context) -> None:
        self.begin = time.perf_counter()
        super().__call__(grid, context)

    def unmask_stage(self, *args, **kwargs) -> bool:
        done = super().unmask_stage(*args, **kwargs)
        if done:
            SECONDS.append(time.perf_counter() - self.begin)
        return done


client = ClientApp(client_fn=member, mods=[secaggplus_mod])
server = ServerApp()


@server.main()
def serve(grid: Grid, context: Context) -> None:
    model = ndarrays_to_parameters([np.zeros(PARAMETERS, dtype=np.float32)])
    strategy = FedAvg(
        fraction_fit=1.0,
        fraction_evaluate=0.0,
        min_fit_clients=MEMBERS,
        min_available_clients=MEMBERS,
        initial_parameters=model,
    )
    legacy = LegacyContext(context=context, config=ServerConfig(num_rounds=ROUNDS), strategy=strategy)
    workflow = DefaultWorkflow(
        fit_workflow=Timed(num_shares=MEMBERS, reconstruction_threshold=2 * MEMBERS // 3 + 1)
    )
    workflow(grid, legacy)


with tempfile.TemporaryDirectory() as folder:
    for index in range(MEMBERS):
        vector = np.random.default_rng(index).standard_normal(PARAMETERS).astype(np.float32)
        np.save(Path(folder) / f"{index}.npy", vector)
    os.environ[VECTORS] = folder
    run_simulation(
        server_app=server,
        client_app=client,
        num_supernodes=MEMBERS,
        backend_config={"client_resources": {"num_cpus": 1}},
    )
if len(SECONDS) != ROUNDS:
    sys.exit(f"{ROUNDS - len(SECONDS)} rounds of {ROUNDS} were given up")
print(json.dumps(SECONDS))
