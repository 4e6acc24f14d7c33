//! From values to bytes: clean text on a page, JSON, lines of JSON.

pub(crate) mod clean;
pub(crate) mod diagnosis;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod links;
pub(crate) mod live;
pub(crate) mod page;
pub(crate) mod repair;
