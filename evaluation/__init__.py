"""Metrics, classical codecs, rate-distortion, result files and their plots."""
