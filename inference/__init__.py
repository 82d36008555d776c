"""Models on whole scenes: the streaming engine, its sources and sinks, and the codec on rasters."""
