"""How mail is composed: templates, tracked links, alerts and digests."""
