"""Folders of pictures and masks: pairs, classes, colours, and what lies beside."""
