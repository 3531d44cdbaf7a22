"""The local API: messages, where the agent listens, and the client. The server lives in `t4t.engine`."""
