"""Expressions, networks, training and metrics. Knows torch; knows no rasters, vectors or QGIS."""
