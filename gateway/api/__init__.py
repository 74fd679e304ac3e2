"""The HTTP API for other systems: intake, leads, acts, the CRM."""
