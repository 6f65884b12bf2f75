"""What is done to training, and what it answers."""

from consortia.testing.scenarios import training_consent as consent
from consortia.testing.scenarios.training_budgets import BUDGETS
from consortia.testing.scenarios.training_complaints import COMPLAINTS
from consortia.testing.scenarios.training_life import LIFE
from consortia.testing.scenarios.training_masked import MASKED_ROUNDS
from consortia.testing.scenarios.training_rounds import ROUNDS
from consortia.testing.scenarios.training_sealed import SEALING

SCENARIOS = (*LIFE, *ROUNDS, *SEALING, *MASKED_ROUNDS, *COMPLAINTS, *BUDGETS, *consent.DONE, *consent.REFUSED)
