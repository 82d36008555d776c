"""Plain networks: built by name, imported and exported, without knowledge of training."""
