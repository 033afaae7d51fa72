"""The console as a part of a page: where it is allowed, a component that talks to the websocket by itself."""
