//! The room against disks that fail and processes that end, at every step there is.

mod crash;
mod gate;
mod power;
mod refusals;
mod tree;
