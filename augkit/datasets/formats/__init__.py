"""Formats of data sets, one file each; every file here is imported when the register is first looked into."""
