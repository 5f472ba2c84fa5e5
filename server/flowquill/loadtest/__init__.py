"""Load tests of any engine: users who ask without pause, several tenants, latencies, throughput and errors."""
