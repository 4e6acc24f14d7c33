//! Killed, or refused by the disk, at every single step: before or after, or one `recover` away from it.

use std::fs;
use std::path::PathBuf;

use rustix::io::Errno;

use super::super::*;
use super::gate::{Fault, Gated};
use super::tree::{Snapshot, Tree, is_ours};

const ERRNOS: [Errno; 4] = [Errno::NOSPC, Errno::IO, Errno::ROFS, Errno::ACCESS];

const RECOVERY_FAULTS: [Fault; 3] = [Fault::Die, Fault::Once(Errno::IO), Fault::Forever(Errno::ROFS)];

fn faults() -> Vec<Fault> {
    let once = ERRNOS.into_iter().map(Fault::Once);
    std::iter::once(Fault::Die).chain(once).chain(ERRNOS.into_iter().map(Fault::Forever)).collect()
}

/// A command under test.
struct Trial {
    /// What happened to the tree before.
    prepare: fn(&Tree),
    command: fn(&Tree, &dyn Files) -> Result<(), Failure>,
    /// It puts back what it did itself.
    undoes: bool,
    /// The backups that are there before and after.
    backups: [&'static [&'static str]; 2],
}

const REGEN: Trial =
    Trial { prepare: |_| (), command: |tree, files| tree.regen(files), undoes: false, backups: [&[], &["run-1"]] };
const RESTORE: Trial = Trial {
    prepare: |tree| tree.regen(&RealFiles).expect("a run to restore"),
    command: |tree, files| tree.restore(files),
    undoes: false,
    backups: [&["run-1"], &["run-1", "run-2"]],
};
const LIVE_CHECK_FAILED: Trial = Trial {
    prepare: |_| (),
    command: |tree, files| {
        let lock = lock(files, &tree.home()).map_err(Failure::Unchanged)?;
        let staged = Staged::stage(&lock, super::tree::run("run-1"), tree.changes(), Some(tree.request()))?;
        staged.commit()?.undo()
    },
    undoes: true,
    backups: [&[], &["run-1"]],
};

impl Trial {
    fn tree(&self) -> Tree {
        let tree = Tree::new();
        (self.prepare)(&tree);
        tree
    }

    /// Before and after; after an undo that was interrupted, what it was to undo is whole, too.
    fn ends(&self) -> [Snapshot; 2] {
        let tree = self.tree();
        let before = relative(&tree);
        let command = if self.undoes { REGEN.command } else { self.command };
        command(&tree, &RealFiles).expect("nothing fails");
        [before, relative(&tree)]
    }

    /// 0: as before. 1: as after.
    fn end(&self, tree: &Tree, ends: &[Snapshot; 2], context: &str) -> usize {
        let now = relative(tree);
        let Some(end) = ends.iter().position(|end| *end == now) else {
            panic!("{context}: neither before nor after: {:?}", now.keys());
        };
        assert_eq!(tree.whole_backups(), self.backups[end], "{context}: end {end}");
        end
    }

    /// Each single file is old or new, and nobody else can read what is secret.
    fn each_is_whole(tree: &Tree, ends: &[Snapshot; 2], context: &str) {
        for (path, facts) in tree.snapshot() {
            let relative = path.strip_prefix(&tree.base).expect("below");
            if is_ours(&path) {
                let secret = String::from_utf8_lossy(&facts.0).contains("new") && facts.0.ends_with(b"key");
                assert!(
                    !secret || facts.1.trailing_zeros() >= 6,
                    "{context}: {} has mode {:o}",
                    path.display(),
                    facts.1
                );
            } else {
                assert!(ends.iter().any(|end| end.get(relative) == Some(&facts)), "{context}: {}", path.display());
            }
        }
    }

    fn check(&self, tree: &Tree, ends: &[Snapshot; 2], outcome: &Result<(), Failure>, context: &str) -> usize {
        Self::each_is_whole(tree, ends, context);
        match outcome {
            Ok(()) => assert_eq!(self.end(tree, ends, context), usize::from(!self.undoes), "{context}"),
            Err(Failure::Unchanged(_)) if !tree.journal().exists() => {
                assert_eq!(self.end(tree, ends, context), 0, "{context}");
            }
            Err(Failure::Torn { reason, .. }) => panic!("{context}: torn: {reason}"),
            Err(_) => {}
        }
        if !tree.journal().exists() {
            return self.end(tree, ends, context);
        }
        assert!(outcome.is_err(), "{context}: done, and a journal left");
        tree.recover(&RealFiles).unwrap_or_else(|failure| panic!("{context}: {failure}"));
        assert_eq!(tree.recover(&RealFiles), Ok(Recovered::Nothing), "{context}");
        self.end(tree, ends, context)
    }

    fn every_step(&self, name: &str, reads: bool) {
        let ends = self.ends();
        let mut points = [0, 0];
        for fault in faults() {
            for at in 0.. {
                let tree = self.tree();
                let mut files = Gated::new(at, fault);
                files.reads = reads;
                let outcome = (self.command)(&tree, &files);
                if !files.reached() {
                    assert_eq!(outcome, Ok(()));
                    break;
                }
                points[self.check(&tree, &ends, &outcome, &format!("{name} {fault:?} at {at}"))] += 1;
            }
        }
        println!(
            "{name}{}: {} points; {} ended before, {} after",
            if reads { " and reads" } else { "" },
            points[0] + points[1],
            points[0],
            points[1]
        );
        assert!(points[0] > 100 && points[1] > 10);
    }

    /// Killed at every step, then the recovery disturbed at every step of its own, then recovered. Of the recovery's
    /// steps one in `stride`, another one each time.
    fn recovery(&self, name: &str, faults: &[Fault], stride: usize) {
        let ends = self.ends();
        let mut points = [0, 0];
        for at in 0.. {
            let tree = self.tree();
            let files = Gated::new(at, Fault::Die);
            let _ = (self.command)(&tree, &files);
            if !files.reached() {
                break;
            }
            for fault in faults {
                for then in (at % stride..).step_by(stride) {
                    let tree = self.tree();
                    let _ = (self.command)(&tree, &Gated::new(at, Fault::Die));
                    let files = Gated::new(then, *fault);
                    let outcome = tree.recover(&files);
                    let context = format!("{name} killed at {at}, recovery {fault:?} at {then}");
                    if !files.reached() {
                        outcome.unwrap_or_else(|failure| panic!("{context}: {failure}"));
                        self.end(&tree, &ends, &context);
                        break;
                    }
                    Self::each_is_whole(&tree, &ends, &context);
                    assert!(!matches!(outcome, Err(Failure::Torn { .. })), "{context}");
                    tree.recover(&RealFiles).unwrap_or_else(|failure| panic!("{context}: {failure}"));
                    points[self.end(&tree, &ends, &context)] += 1;
                }
            }
        }
        println!("{name}, recovery: {} points; {} ended before, {} after", points[0] + points[1], points[0], points[1]);
        assert!(points[0] > 100 && points[1] > 10);
    }
}

fn relative(tree: &Tree) -> Snapshot {
    let below = |path: PathBuf| path.strip_prefix(&tree.base).expect("below").to_path_buf();
    tree.snapshot().into_iter().map(|(path, facts)| (below(path), facts)).collect()
}

#[test]
fn regen_at_every_step() {
    REGEN.every_step("regen", false);
}

#[test]
fn restore_at_every_step() {
    RESTORE.every_step("restore", false);
}

#[test]
fn undo_at_every_step() {
    LIVE_CHECK_FAILED.every_step("undo", false);
}

#[test]
fn recovery_at_every_fifth_step() {
    REGEN.recovery("regen", &RECOVERY_FAULTS, 5);
    LIVE_CHECK_FAILED.recovery("undo", &[Fault::Die], 5);
}

#[test]
#[ignore = "two minutes: run it after every change to this room"]
fn recovery_at_every_step() {
    REGEN.recovery("regen", &RECOVERY_FAULTS, 1);
    RESTORE.recovery("restore", &[Fault::Die], 1);
    LIVE_CHECK_FAILED.recovery("undo", &RECOVERY_FAULTS, 1);
}

#[test]
#[ignore = "two minutes: run it after every change to this room"]
fn every_read() {
    REGEN.every_step("regen", true);
    RESTORE.every_step("restore", true);
    LIVE_CHECK_FAILED.every_step("undo", true);
}

#[test]
fn without_links() {
    let ends = REGEN.ends();
    for errno in [Errno::PERM, Errno::MLINK, Errno::OPNOTSUPP] {
        for at in 0.. {
            let tree = Tree::new();
            let mut files = Gated::new(at, Fault::Die);
            files.no_links = Some(errno);
            let outcome = tree.regen(&files);
            if !files.reached() {
                break;
            }
            REGEN.check(&tree, &ends, &outcome, &format!("no links, killed at {at}"));
        }
    }
}

#[test]
fn nothing_between_a_certificate_and_its_key() {
    let tree = Tree::new();
    let mut files = Gated::new(usize::MAX, Fault::Never);
    files.reads = true;
    tree.regen(&files).expect("nothing fails");
    let record = files.record.borrow();
    let renamed = |name: &str| {
        let is = |step: &super::gate::Step| matches!(step, super::gate::Step::Rename(_, to) if to.ends_with(name));
        record.iter().position(is).expect("renamed")
    };
    for stem in ["apiserver", "etcd/server", "etcd/peer"] {
        assert_eq!(renamed(&format!("pki/{stem}.crt")) + 1, renamed(&format!("pki/{stem}.key")), "{stem}");
    }
}

/// Nobody is told to recover where there is nothing to recover.
#[test]
fn done_is_done_when_the_journal_is_gone() {
    let files = Gated::new(usize::MAX, Fault::Never);
    Tree::new().regen(&files).expect("nothing fails");
    let last = files.steps.get() - 1;
    assert!(matches!(files.record.borrow()[last - 1], super::gate::Step::Unlink(_)));
    for errno in ERRNOS {
        let tree = Tree::new();
        assert_eq!(tree.regen(&Gated::new(last, Fault::Once(errno))), Ok(()));
        assert_eq!(tree.recover(&RealFiles), Ok(Recovered::Nothing));
        assert_eq!(REGEN.end(&tree, &REGEN.ends(), "the last step fails"), 1);
    }
}

#[test]
fn a_second_process_is_refused_and_sees_the_lock() {
    let tree = Tree::new();
    let held = lock(&RealFiles, &tree.home()).expect("free");
    assert_eq!(is_locked(&RealFiles, &tree.home()), Ok(true));
    let outcome = std::thread::scope(|scope| scope.spawn(|| tree.regen(&RealFiles)).join().expect("no panic"));
    assert_eq!(outcome, Err(Failure::Unchanged(Reason::Locked { home: tree.home() })));
    drop(held);
    assert_eq!(is_locked(&RealFiles, &tree.home()), Ok(false));
    tree.regen(&RealFiles).expect("free again");
}

#[test]
fn two_at_once() {
    for _ in 0..20 {
        let tree = Tree::new();
        let (one, two) = std::thread::scope(|scope| {
            let first = scope.spawn(|| tree.regen(&RealFiles));
            let second = scope.spawn(|| tree.regen(&RealFiles));
            (first.join().expect("no panic"), second.join().expect("no panic"))
        });
        // whoever came second was refused, by the lock or because it had read the tree of before
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        assert!(matches!(one.and(two), Err(Failure::Unchanged(_))));
        assert!(!fs::exists(tree.journal()).expect("looked at"));
        REGEN.end(&tree, &REGEN.ends(), "two at once");
    }
}
