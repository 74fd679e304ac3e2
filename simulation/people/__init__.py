"""Random people for rehearsals: prospects and salespeople."""
