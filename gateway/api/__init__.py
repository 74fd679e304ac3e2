"""What other systems ask over HTTP: intake, leads, acts, the CRM."""
