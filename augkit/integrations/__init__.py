"""Other libraries as steps of a pipeline, one folder each."""
