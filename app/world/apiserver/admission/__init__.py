"""Who may change or refuse an object before it is stored: webhooks and the API server itself."""
