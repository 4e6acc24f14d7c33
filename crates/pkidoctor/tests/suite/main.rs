//! The library on whole trees: healthy ones stay silent, every wound is named.
#![allow(clippy::disallowed_methods, reason = "tests make the trees that are scanned")]

mod advice;
mod arrows;
mod certificates;
mod configuration;
mod cure;
mod diagnosis;
mod docs;
mod examples;
mod files;
mod healthy;
mod hostile;
mod issue;
mod language;
mod logs;
mod logs_files;
mod logs_reader;
mod matrix;
mod modes;
mod mutation;
mod nodes;
mod properties;
mod regen;
mod served;
mod support;
