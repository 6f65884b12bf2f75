"""The work off the ledger, with floats where they are honest. Engines never import modules.

- `train`: recipes, which learn from sums of integers; `evaluate` and `alone`: how good a model is, and
  beside what;
- `mask` and `robust`: one vector from all members' vectors, which nobody reads, or of whom some lie;
- `privacy`: noise and clipping; `attack`: what a model or a sum gives away all the same;
- `infer`: answering from a model; `commit`: commitments to data, models and answers, and what opens them;
- `watch` and `detect`: what an event looks like beside those before it, and how unlike the others it is;
- `intersect`: what members have in common, without showing the rest.
"""
