"""The capture page: a server in the recording process, and the page it gives out (`static/`)."""
