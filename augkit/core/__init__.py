"""What an augmentation is, in numbers only: NumPy, and never a pixel."""
