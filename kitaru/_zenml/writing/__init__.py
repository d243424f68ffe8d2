"""What ZenML's own store writes of a step, written to a SQLite file in fewer statements and transactions.

Rows are equal to ZenML's, which ``tests/local/test_step_rows.py`` compares column by column; what is not plain is left to
ZenML. To a server the log of a step is sent with the step. ``store_methods`` and ``server_logs`` are used by what prepares
a runner: ZenML's launcher calls the rest.
"""
