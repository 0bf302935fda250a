"""What the integration tests drive kvnode with: processes, ports, and a client for each protocol."""
