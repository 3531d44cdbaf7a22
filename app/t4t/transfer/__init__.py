"""HTTP for volunteers' computers: verified, resumable, within limits. Knows nothing of projects."""
