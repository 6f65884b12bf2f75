"""Flower's clients as learners of the recipe `weights.fedavg`, unchanged.

A member's settings name a maker that wraps its client: `trainer = "my_flower:make"`, and in `my_flower.py`

    from consortia.bridges.flower import numpy_client

    make = numpy_client(lambda records: MyClient(records.columns, records.labels))

`numpy_client` takes what has `get_parameters` and `fit` and needs no Flower installed; `client_app` runs a
`ClientApp` in this process and needs it. A client may use the records of the study, or load its own: then
it must train on as many records as the member joined with, which is checked.
"""

from consortia.bridges.flower.apps import client_app
from consortia.bridges.flower.clients import numpy_client

__all__ = ["client_app", "numpy_client"]
