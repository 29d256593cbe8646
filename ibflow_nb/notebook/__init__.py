"""IPython and the screen: the magic, expansion, completion, progress, history."""
