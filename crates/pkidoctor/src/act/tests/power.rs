//! The power goes: what was not synced is lost, in any order that a file system may choose.
//!
//! The steps of a run are recorded, and done again as a disk may have them after a power cut: of the entries of each
//! directory at least those before its last fsync, of the contents of each file at least those before its last fsync.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::super::*;
use super::gate::{Fault, Gated, Step};
use super::tree::{Snapshot, Tree};

/// What survives of a step that was not synced.
#[derive(Clone, Copy, Debug)]
enum Luck {
    Nothing,
    NamesOnly,
    BytesOnly,
    Seed(u64),
}

impl Luck {
    /// How many of `open` unsynced steps survive.
    fn survive(&mut self, names: bool, open: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::NamesOnly => {
                if names {
                    open
                } else {
                    0
                }
            }
            Self::BytesOnly => {
                if names {
                    0
                } else {
                    open
                }
            }
            Self::Seed(seed) => {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                usize::try_from(*seed >> 33).expect("31 bits") % (open + 1)
            }
        }
    }
}

/// What a step belongs to: the directory that it changes, or the file that was opened last.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Owner {
    Directory(PathBuf),
    Contents(usize),
}

fn owners(record: &[Step]) -> Vec<Owner> {
    let mut opened = 0;
    let parent = |path: &Path| Owner::Directory(path.parent().expect("a parent").to_path_buf());
    record
        .iter()
        .enumerate()
        .map(|(number, step)| match step {
            Step::Create(path, _) => {
                opened = number;
                parent(path)
            }
            Step::Append(_) => {
                opened = number;
                Owner::Contents(number)
            }
            Step::Link(path, _) | Step::Rename(path, _) | Step::Unlink(path) => parent(path),
            Step::MakeDirectory(path) | Step::RemoveDirectory(path) => parent(path),
            Step::SyncDirectory(path) => Owner::Directory(path.clone()),
            Step::Write(_) | Step::Owner(..) | Step::Mode(_) | Step::Dress | Step::Sync => Owner::Contents(opened),
            Step::Read => unreachable!("not recorded"),
        })
        .collect()
}

/// Which of the steps are on disk when the power goes after the last of them.
fn survivors(record: &[Step], mut luck: Luck) -> Vec<bool> {
    let owners = owners(record);
    let mut unsynced: HashMap<&Owner, Vec<usize>> = HashMap::new();
    let mut order = Vec::new();
    for (number, owner) in owners.iter().enumerate() {
        match record[number] {
            Step::Sync | Step::SyncDirectory(_) => unsynced.entry(owner).or_default().clear(),
            _ => {
                if !order.contains(&owner) {
                    order.push(owner);
                }
                unsynced.entry(owner).or_default().push(number);
            }
        }
    }
    let mut survive = vec![true; record.len()];
    for owner in order {
        let open = &unsynced[owner];
        let kept = luck.survive(matches!(owner, Owner::Directory(_)), open.len());
        open[kept..].iter().for_each(|number| survive[*number] = false);
    }
    survive
}

fn replay(record: &[Step], survive: &[bool]) {
    let mut opened: Option<File> = None;
    for (step, survives) in record.iter().zip(survive) {
        // what came into being but did not survive takes its contents with it
        if let (Step::Create(..), false) = (step, survives) {
            opened = None;
        }
        if *survives {
            // a step on what did not survive is lost, too
            let _ = again(step, &mut opened);
        }
    }
}

fn again(step: &Step, opened: &mut Option<File>) -> std::io::Result<()> {
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    match step {
        Step::Create(path, mode) => {
            *opened = None;
            *opened = Some(OpenOptions::new().write(true).create_new(true).mode(*mode).open(path)?);
        }
        Step::Append(path) => *opened = Some(OpenOptions::new().append(true).open(path)?),
        Step::Write(bytes) => opened.as_mut().ok_or_else(missing)?.write_all(bytes)?,
        Step::Owner(uid, gid) => {
            std::os::unix::fs::fchown(opened.as_ref().ok_or_else(missing)?, Some(*uid), Some(*gid))?;
        }
        Step::Mode(mode) => opened.as_ref().ok_or_else(missing)?.set_permissions(Permissions::from_mode(*mode))?,
        Step::Link(from, to) => fs::hard_link(from, to)?,
        Step::Rename(from, to) => fs::rename(from, to)?,
        Step::Unlink(path) => fs::remove_file(path)?,
        Step::MakeDirectory(path) => fs::create_dir(path)?,
        Step::RemoveDirectory(path) => fs::remove_dir(path)?,
        Step::Dress | Step::Sync | Step::SyncDirectory(_) | Step::Read => {}
    }
    Ok(())
}

fn recorded(tree: &Tree, command: impl Fn(&Tree, &dyn Files)) -> Vec<Step> {
    let files = Gated::new(usize::MAX, Fault::Never);
    command(tree, &files);
    files.record.take()
}

fn whole(tree: &Tree, ends: &[Snapshot], context: &str) -> usize {
    tree.recover(&RealFiles).unwrap_or_else(|failure| panic!("{context}: {failure}"));
    let now = tree.snapshot();
    let end = ends.iter().position(|end| *end == now);
    let backups = tree.whole_backups();
    let end = end.unwrap_or_else(|| panic!("{context}: neither before nor after: {:?}", now.keys()));
    assert_eq!(backups.len(), end, "{context}");
    end
}

#[test]
fn a_power_cut_after_every_step() {
    let tree = Tree::new();
    let before = tree.snapshot();
    let record = recorded(&tree, |tree, files| tree.regen(files).expect("nothing fails"));
    let ends = [before, tree.snapshot()];
    let mut points = [0, 0];
    let luck = [Luck::Nothing, Luck::NamesOnly, Luck::BytesOnly].into_iter().chain((1..=9).map(Luck::Seed));
    for luck in luck {
        for length in 0..=record.len() {
            tree.reset();
            replay(&record[..length], &survivors(&record[..length], luck));
            points[whole(&tree, &ends, &format!("{luck:?} after {length}"))] += 1;
        }
    }
    println!("power cuts: {} points; {} ended before, {} after", points[0] + points[1], points[0], points[1]);
    assert!(points[0] > 100 && points[1] > 100);
}

/// The model itself: a disk that loses every rename that was not synced, and a run without its fsyncs.
#[test]
fn the_model_would_notice_a_missing_sync() {
    let tree = Tree::new();
    let before = tree.snapshot();
    let mut record = recorded(&tree, |tree, files| tree.regen(files).expect("nothing fails"));
    let ends = [before, tree.snapshot()];
    record.retain(|step| !matches!(step, Step::Sync));
    let torn = (0..=record.len()).filter(|length| {
        tree.reset();
        replay(&record[..*length], &survivors(&record[..*length], Luck::NamesOnly));
        let _ = tree.recover(&RealFiles);
        !ends.contains(&tree.snapshot())
    });
    assert!(torn.count() > 10);
}
