"""The joints: jobs over rasters and layers, the command line, the worker and its protocol."""
