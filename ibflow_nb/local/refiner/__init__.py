"""The extraction language: fields computed from a record by small expressions.

``program`` reads refiner programs and runs them on records; ``syntax`` parses one expression
(grammar: ``grammar.lark``), ``evaluation`` computes it, ``functions`` holds the functions, one
file a family; ``values`` are immutable and know where in the record they were read, ``reading``
finds words, boxes and confidences for that.
"""
