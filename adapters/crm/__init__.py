"""What the CRM is told, and how it is delivered."""
