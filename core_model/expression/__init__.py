"""Expressions read as plans, and written from objects. Standard library and lark at most."""
