"""Quick trials of augmentations: what a network sees of pictures, and what it learns of that within a second."""
