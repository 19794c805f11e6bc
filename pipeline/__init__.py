"""The Social Value Tracker: one module per verb of the pipeline, and a few nouns beside them."""
