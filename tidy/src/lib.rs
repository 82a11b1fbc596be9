//! Reads the source of comeback and refuses what STYLE.md refuses.
