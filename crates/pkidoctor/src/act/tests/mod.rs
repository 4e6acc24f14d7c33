//! The room against disks that fail and processes that end, at every step there is.
#![allow(clippy::print_stdout, reason = "how many points there were belongs to the result")]

mod crash;
mod gate;
mod power;
mod refusals;
mod tree;
