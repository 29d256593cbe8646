"""The flow steps, one file each, and the registry that finds them by internal name."""
