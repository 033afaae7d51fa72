"""The small programs of a container's image, as coreutils, grep, sed and curl have them, for what learners type.

They run in the server's event loop, so each counts its steps against `Limits`. The console's filters, which a process
of its own bounds, are `app.console.filters`.
"""
