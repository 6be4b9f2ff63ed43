"""Lessons: a few minutes each, with predictions; the glossary; notes for teachers."""

import streamlit as st

from interp_core.lessons.library import all_lessons
from interp_core.ui import errors, lessons, navigation

navigation.guard()
st.title("Lessons")

with errors.shown():
    lessons.choose(all_lessons())
