"""What runs inside QGIS. Standard library, PyQGIS and ``engine.protocol`` only."""
