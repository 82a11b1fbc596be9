//! The Store of comeback, embedded.
