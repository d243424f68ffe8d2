"""``kitaru-mcp``: executions for assistants, by the Model Context Protocol."""
