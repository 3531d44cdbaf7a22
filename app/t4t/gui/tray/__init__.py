"""The icon in the tray and its menu; QtWidgets at most, never a web engine: it lives as long as the agent."""
