"""Mail composed: templates, tracked links, alerts and digests."""
