"""The demonstration's people, who act on a running stack."""
