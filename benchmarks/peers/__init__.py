"""The list of products beside peers in Node and beside its bare costs: python -m benchmarks.peers --help"""
