"""The application: the one list of modules of this protocol version, wired to one another."""

from functools import lru_cache

from consortia.kernel.application import Application
from consortia.modules import assets, identity, predictions


@lru_cache(maxsize=1)
def application() -> Application:
    """All modules in the order in which they load. Identity comes first: it is everybody's key directory."""
    members = identity.Keeper()
    shared = assets.Keeper()
    return Application(
        modules=(
            identity.module(),
            assets.module(assets.Ports(members=members)),
            predictions.module(predictions.Ports(models=shared)),
        ),
        keys=members,
    )
