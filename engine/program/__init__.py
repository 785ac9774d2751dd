"""The program's process, and the services that it talks to."""
