//! Paced runs against real servers: when each request started, what came, and how long it took.
