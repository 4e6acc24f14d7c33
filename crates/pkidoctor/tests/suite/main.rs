//! The library on whole trees: healthy ones stay silent, every wound is named.

mod healthy;
mod support;
