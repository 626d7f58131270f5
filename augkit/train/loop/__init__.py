"""The training loop and what it is made of: rates, budgets, optimisers, checkpoints, the log."""
