//! The engine of comeback in virtual time, against an invented web.
