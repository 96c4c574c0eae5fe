"""Benchmarks: each runs a peer and Polymath on the same input, one after the other, and holds both to a promise.

python -m benchmarks                      all of them, on 25 MB
python -m benchmarks dedup --mb 250       some, on another size
"""
