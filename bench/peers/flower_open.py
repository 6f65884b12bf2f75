"""Open rounds of Flower's simulation, timed; run by the peers' own interpreter: MEMBERS PARAMETERS ROUNDS.

Every member gives back the model it got, so what is timed is the framework's own work: sending, averaging,
storing. Prints the seconds of each round as a JSON list; the first includes starting the workers.
"""

import json
import os
import sys
import time

os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")

import numpy as np
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

MEMBERS, PARAMETERS, ROUNDS = (int(each) for each in sys.argv[1:4])
SECONDS = []

client = ClientApp()
server = ServerApp()


@client.train()
def train(message: Message, _context: Context) -> Message:
    model = message.content["arrays"].to_numpy_ndarrays()
    answer = {"arrays": ArrayRecord(model), "metrics": MetricRecord({"num-examples": 100})}
    return Message(content=RecordDict(answer), reply_to=message)


class Timed(FedAvg):
    def configure_train(self, *args, **kwargs):
        self.begin = time.perf_counter()
        return super().configure_train(*args, **kwargs)

    def aggregate_train(self, *args, **kwargs):
        result = super().aggregate_train(*args, **kwargs)
        SECONDS.append(time.perf_counter() - self.begin)
        return result


@server.main()
def serve(grid: Grid, _context: Context) -> None:
    strategy = Timed(
        fraction_train=1.0, fraction_evaluate=0.0, min_available_nodes=MEMBERS, min_train_nodes=MEMBERS
    )
    model = ArrayRecord([np.zeros(PARAMETERS, dtype=np.float32)])
    strategy.start(grid=grid, initial_arrays=model, num_rounds=ROUNDS)


run_simulation(
    server_app=server,
    client_app=client,
    num_supernodes=MEMBERS,
    backend_config={"client_resources": {"num_cpus": 1}},
)
print(json.dumps(SECONDS))
