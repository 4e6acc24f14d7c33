//! The library on whole trees: healthy ones stay silent, every wound is named.

mod arrows;
mod certificates;
mod configuration;
mod docs;
mod files;
mod healthy;
mod hostile;
mod mutation;
mod nodes;
mod support;
