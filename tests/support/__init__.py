"""Data to test with, ways to run things, and helpers that assert: no test file imports another."""
