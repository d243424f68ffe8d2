"""What a terminal shows and asks while an execution runs: the live view, plain lines, questions."""
