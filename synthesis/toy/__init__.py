"""Toy satellite imagery: Voronoi fields whose reflectance follows the seasons."""
