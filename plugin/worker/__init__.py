"""The worker as QGIS sees it: its environment, its process, its client."""
