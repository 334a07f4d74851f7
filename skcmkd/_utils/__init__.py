"""Tools that know neither tables nor models: parallel runs, atomic files, documentation links, plotting style."""
