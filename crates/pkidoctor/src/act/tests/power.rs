//! The power goes: what was not synced is lost, in any order that a file system may choose.
