"""What ZenML's own store writes of a step, written to a SQLite file in fewer statements and transactions.

Rows are equal to ZenML's, which ``tests/local/test_step_rows.py`` compares column by column; what is not plain is left to
ZenML. Only ``store_methods`` is used, by what prepares a runner: ZenML's launcher calls the rest.
"""
