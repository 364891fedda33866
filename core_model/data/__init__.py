"""Training items: chips, augmentation, the referring data sets."""
