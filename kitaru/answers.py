"""Answers to the questions of waiting executions: from text, and field by field from a person."""

from __future__ import annotations

from kitaru._core.words.answer_schema import AnswerSchema
from kitaru._core.words.answers import Prompt, answer_from_text, questions

__all__ = ["AnswerSchema", "Prompt", "answer_from_text", "questions"]
