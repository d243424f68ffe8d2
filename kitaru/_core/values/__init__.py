"""Values that Kitaru itself defines, and how they are written."""
