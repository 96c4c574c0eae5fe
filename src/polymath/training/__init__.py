"""Training behind a process boundary: a run is a JSON file, a worker on each rank carries it out, nothing here knows Kedro."""
