"""Lessons: a few minutes each, with predictions; the glossary; notes for teachers."""

import streamlit as st

from interp_core.analysis.lessons import all_lessons
from interp_core.ui import errors, lessons, routing

routing.guard()
st.title("Lessons")

with errors.shown():
    lessons.choose(all_lessons())
