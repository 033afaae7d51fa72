"""The six steps, one module each, in the order of `app.flow.model.Step`."""
