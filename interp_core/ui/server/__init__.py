"""What the pages share on one server: models, results, queues, limits, logs."""
