//! Gives a new file the owner, the extended attributes and the mode of another, before it holds a byte.

use std::path::Path;

use super::files::{Attribute, Directory, Files, Open};
use super::reason::{Reason, While};

/// A new file is nobody else's until it is dressed.
pub(super) const PRIVATE: u32 = 0o600;

/// The clothes of a file.
pub(super) struct Dress {
    pub(super) mode: u32,
    /// `None`: as the process makes it.
    pub(super) owner: Option<(u32, u32)>,
    /// `None`: as the directory gives them to new files.
    pub(super) attributes: Option<Vec<Attribute>>,
}

/// What is to be kept of a file that is replaced: SELinux label, ACLs, everything but what describes the old bytes.
pub(super) fn attributes(
    files: &dyn Files,
    directory: &Directory,
    name: &std::ffi::CStr,
) -> Result<Vec<Attribute>, Reason> {
    let path = directory.join(name);
    let file = files.open(directory, name).while_at("open", &path)?;
    let mut attributes = files.attributes(&file).while_at("read the extended attributes of", &path)?;
    attributes.retain(|(name, _)| is_kept(name));
    Ok(attributes)
}

/// The kernel keeps these two itself: hashes of the contents, wrong on any other file.
fn is_kept(name: &std::ffi::CStr) -> bool {
    ![c"security.ima", c"security.evm"].contains(&name)
}

/// Dresses a file that was created with [`PRIVATE`].
pub(super) fn dress(files: &dyn Files, file: &Open, dress: &Dress, path: &Path) -> Result<(), Reason> {
    let facts = files.facts_of(file).while_at("look at", path)?;
    if let Some((uid, gid)) = dress.owner.filter(|owner| *owner != (facts.uid, facts.gid)) {
        files.set_owner(file, uid, gid).while_at(&format!("give a file to {uid}:{gid}"), path)?;
    }
    if let Some(attributes) = &dress.attributes {
        match_attributes(files, file, attributes, path)?;
    }
    // after the ACL, which changes the mode's group bits, and always, because umask(2) may have cut it
    files.set_mode(file, dress.mode).while_at(&format!("give a file the mode {:04o}", dress.mode), path)
}

fn match_attributes(files: &dyn Files, file: &Open, wanted: &[Attribute], path: &Path) -> Result<(), Reason> {
    let what = |name: &std::ffi::CStr| format!("set the extended attribute {}", name.to_string_lossy());
    let present = files.attributes(file).while_at("read the extended attributes of", path)?;
    for attribute in wanted.iter().filter(|attribute| !present.contains(attribute)) {
        files.set_attribute(file, &attribute.0, &attribute.1).while_at(&what(&attribute.0), path)?;
    }
    // an ACL that a directory gives to every new file, and that the old file did not have
    for (name, _) in present.iter().filter(|(name, _)| is_kept(name) && !wanted.iter().any(|(other, _)| other == name))
    {
        match files.remove_attribute(file, name) {
            // a label that the policy gives belongs to the file
            Err(_) if name.to_bytes().starts_with(b"security.") => {}
            answer => answer.while_at(&what(name), path)?,
        }
    }
    Ok(())
}
