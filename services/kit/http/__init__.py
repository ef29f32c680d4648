"""HTTP for every service: the application, its middleware, problems, keys, probes, the process."""
