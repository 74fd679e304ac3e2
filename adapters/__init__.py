"""With what: SQL, SMTP, templates, YAML files, the Temporal client."""
