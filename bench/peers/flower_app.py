"""The Flower app of `flower_deployed`: every member gives back the model it got, each round is timed.

What is timed is the framework's own work: sending, averaging, storing. Runs inside SuperLink and SuperNodes.
"""

import json
import time
from pathlib import Path

import numpy as np
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

client = ClientApp()
server = ServerApp()


@client.train()
def train(message: Message, _context: Context) -> Message:
    model = message.content["arrays"].to_numpy_ndarrays()
    answer = {"arrays": ArrayRecord(model), "metrics": MetricRecord({"num-examples": 100})}
    return Message(content=RecordDict(answer), reply_to=message)


class Timed(FedAvg):
    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.begin, self.seconds = 0.0, []

    def configure_train(self, *args, **kwargs):
        self.begin = time.perf_counter()
        return super().configure_train(*args, **kwargs)

    def aggregate_train(self, *args, **kwargs):
        result = super().aggregate_train(*args, **kwargs)
        self.seconds.append(time.perf_counter() - self.begin)
        return result


@server.main()
def serve(grid: Grid, context: Context) -> None:
    wanted = context.run_config
    members = wanted["members"]
    strategy = Timed(
        fraction_train=1.0, fraction_evaluate=0.0, min_available_nodes=members, min_train_nodes=members
    )
    model = ArrayRecord([np.zeros(wanted["parameters"], dtype=np.float32)])
    strategy.start(grid=grid, initial_arrays=model, num_rounds=wanted["rounds"])
    done = Path(wanted["seconds"])
    done.with_suffix(".part").write_text(json.dumps(strategy.seconds))
    done.with_suffix(".part").rename(done)
