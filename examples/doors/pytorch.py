"""PyTorch behind the two methods: a small network, its weights in the order of its parameters.

PyTorch is installed by whoever uses it. Run it: `python examples/doors/pytorch.py`.
"""

import torch

PASSES = 3


class Network:
    """Its weights are the parameters of the module, in their order; every member begins with one seed."""

    def __init__(self, records):
        self.columns = torch.from_numpy(records.columns)
        self.labels = torch.from_numpy(records.labels)
        with torch.random.fork_rng():
            torch.manual_seed(1)
            inputs = self.columns.shape[1]
            self.module = torch.nn.Sequential(
                torch.nn.Linear(inputs, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)
            )

    def weights_out(self):
        return [part.detach().numpy().copy() for part in self.module.parameters()]

    def weights_in(self, weights, *, train):
        with torch.no_grad():
            for part, given in zip(self.module.parameters(), weights, strict=True):
                part.copy_(torch.from_numpy(given))
        if not train:
            return
        optimiser = torch.optim.SGD(self.module.parameters(), lr=0.1)
        loss = torch.nn.BCEWithLogitsLoss()
        for _ in range(PASSES):
            for rows in torch.randperm(len(self.labels)).split(16):
                optimiser.zero_grad()
                loss(self.module(self.columns[rows])[:, 0], self.labels[rows]).backward()
                optimiser.step()

    def predict(self):
        with torch.no_grad():
            return (self.module(self.columns)[:, 0] >= 0).numpy().astype(float)


def make(records):
    return Network(records)


if __name__ == "__main__":
    from hospitals import tell

    tell(make, weights=30 * 16 + 16 + 16 + 1)
