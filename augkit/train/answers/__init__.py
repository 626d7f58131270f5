"""Answers of a trained network to new pictures: a row a picture, files of what was found, views brought back."""
