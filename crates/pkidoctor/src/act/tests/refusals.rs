//! What is refused, and that nothing has changed then.
