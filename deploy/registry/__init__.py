"""Images in registries, by digest and without a Docker daemon: looked up, copied, their signatures verified.

`reference` costs nothing to import; `client` and `copy` load `requests`, so import them where they are used.
"""
