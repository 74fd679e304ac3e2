"""The Temporal client, schedules and the embedded server."""
