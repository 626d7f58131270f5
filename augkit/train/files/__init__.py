"""Files of networks: artefacts of our own, and weights of others."""
