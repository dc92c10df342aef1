"""Tasks with a content key, a store of their results, and what runs them: processes or a cluster.

Nothing here needs torch; dask is imported where a cluster of it is asked for (extra ``[farm]``).
"""
