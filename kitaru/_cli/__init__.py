"""The command line: click commands, one noun a file, no logic that the public API lacks."""
