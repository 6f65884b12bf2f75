"""Answering from a trained model: exact integers for the ledger, an estimator for people."""

from consortia.engines.infer.estimator import Estimator
from consortia.engines.infer.models import load
from consortia.engines.infer.predict import Prediction, features_of, predict, predict_features

__all__ = ["Estimator", "Prediction", "features_of", "load", "predict", "predict_features"]
