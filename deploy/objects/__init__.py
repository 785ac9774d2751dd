"""The objects that come out of the program, found offline: no cluster, no Docker, no passphrase."""

from deploy.objects.offline import NO_DIGEST, Object, Registered, objects, run

__all__ = ["NO_DIGEST", "Object", "Registered", "objects", "run"]
