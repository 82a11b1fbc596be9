//! What happened to each URL, told to people.
