"""Admission: the webhooks and the API server's own plugins that may change or refuse an object before it is stored."""
