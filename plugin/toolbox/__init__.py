"""Referent in the Processing toolbox: a provider and its algorithms, none of which needs a window."""
