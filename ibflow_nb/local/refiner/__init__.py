"""The extraction language: grammar, evaluator, functions."""
