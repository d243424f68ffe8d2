"""Pure domain code: settings, scope, signatures. Imports the standard library and pydantic only."""
