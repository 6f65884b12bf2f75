"""The work off the ledger: training, prediction, evaluation. Engines never import modules."""
