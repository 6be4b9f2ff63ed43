"""Lessons: files read, links and claims checked."""
