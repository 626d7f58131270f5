"""Batches of pictures as a network takes them: framed, augmented, mixed, and made by several processes."""
