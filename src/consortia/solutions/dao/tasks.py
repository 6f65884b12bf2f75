"""What is learned here, and by which recipe: which requests these organisations approve."""

RECIPE = "glm.logistic"
PARAMETERS = {"rounds": 4, "ridge_milli": 100}
LABEL = "approved"
DATASET = "decisions"
STUDY = "approvals"
