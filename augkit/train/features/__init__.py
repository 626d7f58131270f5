"""Features that a frozen network gives for pictures: computed once a picture, and kept."""
