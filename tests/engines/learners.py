"""Learners for tests: a logistic model in a dozen lines, and ones that misbehave."""

import numpy as np


class Logistic:
    """One gradient step over all records, from weights of a matrix and an intercept."""

    steps = 5

    def __init__(self, records):
        self.records = records
        width = records.columns.shape[1]
        self.weights = [np.zeros((width, 1)), np.zeros(1)]

    def weights_out(self):
        return self.weights

    def weights_in(self, weights, *, train):
        self.weights = [part.copy() for part in weights]
        for _ in range(self.steps if train else 0):
            chance = 1 / (1 + np.exp(-(self.records.columns @ self.weights[0] + self.weights[1])))
            wrong = chance[:, 0] - self.records.labels
            self.weights[0] -= 0.5 * (self.records.columns.T @ wrong)[:, None] / len(wrong)
            self.weights[1] -= 0.5 * wrong.mean()

    def predict(self):
        return ((self.records.columns @ self.weights[0] + self.weights[1])[:, 0] >= 0).astype(float)


class Failing(Logistic):
    def weights_in(self, weights, *, train):
        raise OSError("the disk is full")


class Growing(Logistic):
    def weights_in(self, weights, *, train):
        self.weights = [*weights, np.zeros(3)]


class Endless(Logistic):
    def weights_in(self, weights, *, train):
        self.weights = [weights[0] * np.inf, weights[1] + np.nan]


NOTHING = 3
