"""Training and measuring models on annotated layers: two dialogs, an editor for expressions, a live plot."""
