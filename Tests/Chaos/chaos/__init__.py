"""Real nodes under faults and under clients that record every call; and the check of what those clients saw."""
