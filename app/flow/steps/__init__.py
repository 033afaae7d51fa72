"""The six steps, one module each, in the order of `app.flow.model.Step`; and what several of them read and find."""
