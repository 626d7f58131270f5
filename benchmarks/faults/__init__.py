"""Faults of the world around a job, made on purpose: of file systems, of stores, of processes."""
