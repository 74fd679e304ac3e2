"""What is sent to the CRM, and how it is delivered."""
