"""Rasters, grids, tiles, polygons and layers. Knows no torch and no QGIS."""
