"""LightningModules: one family each, and how they are optimized."""
