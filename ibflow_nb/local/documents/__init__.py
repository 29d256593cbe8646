"""Reading documents: any supported file becomes records of words with boxes and layout text."""
