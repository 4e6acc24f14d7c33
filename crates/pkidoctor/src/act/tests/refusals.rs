//! What is refused, and that nothing has changed then; what is kept of a file that is replaced.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;

use proptest::prelude::*;
use rustix::fs::{XattrFlags, getxattr, setxattr};

use super::super::*;
use super::gate::{Fault, Gated};
use super::tree::{Tree, file, is_root, run};

const SERVER: &str = "etc/kubernetes/pki/etcd/server.crt";

fn stage_only(tree: &Tree, id: &str, changes: Vec<Change>) -> Result<(), Failure> {
    let lock = lock(&RealFiles, &tree.home()).map_err(Failure::Unchanged)?;
    Staged::stage(&lock, run(id), changes, None)?.abandon()
}

fn regen_one(tree: &Tree, path: &str, after: After) -> Result<(), Failure> {
    let lock = lock(&RealFiles, &tree.home()).map_err(Failure::Unchanged)?;
    let change = Change { path: tree.path(path), before: tree.digest(path), after };
    Staged::stage(&lock, run("one"), vec![change], None)?.commit()?.finish().map(|_| ())
}

/// Runs it, expects a refusal and an untouched tree.
fn refused(tree: &Tree, outcome: impl FnOnce() -> Result<(), Failure>) -> Reason {
    let before = tree.snapshot();
    let reason = match outcome() {
        Err(Failure::Unchanged(reason)) => reason,
        other => panic!("expected a refusal, found {other:?}"),
    };
    assert_eq!(tree.snapshot(), before, "{reason}");
    reason
}

#[test]
fn abandoned() {
    let tree = Tree::new();
    let before = tree.snapshot();
    let held = lock(&RealFiles, &tree.home()).expect("free");
    let staged = Staged::stage(&held, run("x"), tree.changes(), Some(tree.request())).expect("staged");
    let overlay = staged.overlay();
    assert_eq!(overlay.len(), 9);
    for ((path, staged), change) in overlay.into_iter().zip(tree.changes()) {
        assert_eq!(path, change.path);
        match (staged, change.after) {
            (Some(staged), After::File { bytes, mode, .. }) => {
                assert_eq!(fs::read(&staged).expect("staged"), *bytes);
                assert_eq!(fs::metadata(&staged).expect("staged").mode() & 0o7777, mode);
            }
            (None, After::Absent) => {}
            _ => panic!("{}", path.display()),
        }
    }
    assert_eq!(tree.whole_backups(), ["x"]);
    staged.abandon().expect("abandoned");
    assert_eq!(tree.snapshot(), before);
    assert!(!tree.backups().exists(), "what was made for the backup is gone");
}

#[test]
fn stale_before_staging_and_before_the_commit() {
    let tree = Tree::new();
    let changes = tree.changes();
    tree.file(SERVER, "renewed by hand", 0o644);
    assert!(matches!(refused(&tree, || stage_only(&tree, "x", changes)), Reason::Stale { .. }));
    for path in [SERVER, "etc/kubernetes/pki/etcd/peer.key"] {
        let tree = Tree::new();
        let reason = commit_after(&tree, |_| tree.file(path, "written meanwhile", 0o600));
        assert!(matches!(reason, Reason::Stale { path: stale, .. } if stale == tree.path(path)));
        assert_eq!(fs::read(tree.path(path)).expect("a file"), b"written meanwhile");
    }
    // what was staged and verified is what is committed, and what was kept is there
    let tree = Tree::new();
    let staged = |suffix: &str| tree.home().join(format!(".pkidoctor-x-0.{suffix}"));
    let before = tree.snapshot();
    assert!(matches!(
        commit_after(&tree, |first| fs::write(first, "tampered with").expect("a file")),
        Reason::Stale { path, .. } if path == staged("new")
    ));
    assert!(matches!(
        commit_after(&tree, |_| fs::remove_file(staged("old")).expect("removed")),
        Reason::Stale { path, .. } if path == staged("old")
    ));
    assert_eq!(tree.snapshot(), before);
}

/// Does something between staging and commit, which must then be refused, with nothing of ours left.
fn commit_after(tree: &Tree, something: impl FnOnce(&std::path::Path)) -> Reason {
    let held = lock(&RealFiles, &tree.home()).expect("free");
    let staged = Staged::stage(&held, run("x"), tree.changes(), None).expect("staged");
    something(&staged.overlay().swap_remove(0).1.expect("a staged file"));
    let Err(Failure::Unchanged(reason)) = staged.commit().map(|_| ()) else { panic!("committed over a change") };
    assert!(!tree.snapshot().into_keys().any(|path| super::tree::is_ours(&path)), "{reason}");
    reason
}

#[test]
fn a_journal_is_in_the_way_until_it_is_recovered() {
    let tree = Tree::new();
    let _ = tree.regen(&Gated::new(60, Fault::Die));
    assert!(tree.journal().exists());
    let refusal = refused(&tree, || tree.regen(&RealFiles));
    assert!(matches!(refusal, Reason::JournalLeft { .. }));
    // requests for another place's CA have a journal in a directory of their own: the command says which
    assert!(refusal.to_string().ends_with(&format!("run pkidoctor recover --pki {}", tree.home().display())));
    assert!(matches!(tree.recover(&RealFiles), Ok(Recovered::Undone(Some(_)))));
    tree.regen(&RealFiles).expect("free again");
    assert_eq!(fs::metadata(tree.backups().join("run-1")).expect("a backup").mode() & 0o7777, 0o700);
}

#[test]
fn plans_without_sense() {
    let tree = Tree::new();
    let change = |path: &str| Change { path: tree.path(path), before: tree.digest(path), after: file("x", 0o600) };
    let none: Vec<Change> = Vec::new();
    let same = Change { after: file("sa", 0o600), ..change("etc/kubernetes/pki/sa.pub") };
    let wide = Change { after: file("sa", 0o4755), ..change("etc/kubernetes/pki/sa.pub") };
    let twice = vec![change(SERVER), change(SERVER)];
    let plans = [none, vec![same], vec![wide], twice, vec![change("etc/../etc/x")], vec![change("etc/.pkidoctor-x")]];
    for plan in plans {
        assert!(matches!(refused(&tree, || stage_only(&tree, "x", plan)), Reason::BadPlan { .. }));
    }
    for id in ["", "a b", "../x", "a/b"] {
        assert!(matches!(refused(&tree, || stage_only(&tree, id, tree.changes())), Reason::BadPlan { .. }));
    }
    assert!(matches!(
        refused(&tree, || stage_only(&tree, "x", vec![change("etc/kubernetes/pki/etcd")])),
        Reason::NotAFile { .. }
    ));
    assert!(matches!(refused(&tree, || stage_only(&tree, "x", vec![change("etc/none/x")])), Reason::Io { .. }));
}

#[test]
fn links_are_not_followed() {
    let tree = Tree::new();
    let victim = tree.path("victim");
    fs::write(&victim, "victim").expect("a file");
    // at the file itself
    fs::remove_file(tree.path(SERVER)).expect("removed");
    symlink(&victim, tree.path(SERVER)).expect("a link");
    let change = || Change { path: tree.path(SERVER), before: tree.digest(SERVER), after: file("x", 0o600) };
    assert!(matches!(refused(&tree, || stage_only(&tree, "x", vec![change()])), Reason::NotAFile { .. }));
    // at the names of our own files
    for name in ["etcd/.pkidoctor-run-1-2.new", "etcd/.pkidoctor-run-1-2.old", ".pkidoctor-journal"] {
        tree.reset();
        fs::write(&victim, "victim").expect("a file");
        symlink(&victim, tree.home().join(name)).expect("a link");
        refused(&tree, || tree.regen(&RealFiles));
        assert_eq!(fs::read(&victim).expect("a file"), b"victim", "{name}");
    }
    // at a directory on the way
    tree.reset();
    fs::rename(tree.path("etc/kubernetes/pki/etcd"), tree.path("moved")).expect("moved");
    symlink(tree.path("moved"), tree.path("etc/kubernetes/pki/etcd")).expect("a link");
    refused(&tree, || stage_only(&tree, "x", vec![change()]));
    // the journal of an interrupted run, as a link to one elsewhere
    tree.reset();
    symlink(&victim, tree.journal()).expect("a link");
    assert!(matches!(tree.recover(&RealFiles), Err(Failure::Unchanged(Reason::Journal { .. }))));
}

#[test]
fn owner_mode_and_attributes_are_kept() {
    let tree = Tree::new();
    let key = "etc/kubernetes/pki/etcd/server.key";
    let path = tree.path(key);
    // an ACL: user 1234 may read
    let acl: Vec<u8> = [
        &2_u32.to_le_bytes()[..],
        &[1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 210, 4, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255],
        &[16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255],
    ]
    .concat();
    let set = |name: &str, value: &[u8]| setxattr(&path, name, value, XattrFlags::empty()).is_ok();
    let names: Vec<&str> = [("user.note", &b"mine"[..]), ("system.posix_acl_access", &acl)]
        .into_iter()
        .filter(|(name, value)| set(name, value))
        .map(|(name, _)| name)
        .collect();
    println!("attributes that this file system has: {names:?}");
    let read = |name: &str| {
        let mut value = [0; 256];
        getxattr(&path, name, &mut value).map(|length| value[..length].to_vec())
    };
    let seen = || (names.iter().map(|name| read(name)).collect::<Vec<_>>(), facts(&path));
    let before = seen();
    let mode = fs::metadata(&path).expect("a key").mode() & 0o777;
    regen_one(&tree, key, file("new key", mode)).expect("done");
    assert_eq!(fs::read(&path).expect("a key"), b"new key");
    assert_eq!(seen(), before);
    // an attribute that the directory gives to new files and the old one did not have
    let default = setxattr(tree.path("etc/kubernetes/pki/etcd"), "system.posix_acl_default", &acl, XattrFlags::empty());
    if default.is_ok() {
        regen_one(&tree, SERVER, file("new", 0o640)).expect("done");
        let mut value = [0; 256];
        assert!(getxattr(tree.path(SERVER), "system.posix_acl_access", &mut value).is_err());
        assert_eq!(facts(&tree.path(SERVER)).0 & 0o777, 0o640);
    }
}

fn facts(path: &std::path::Path) -> (u32, u32, u32) {
    let facts = fs::metadata(path).expect("a file");
    (facts.mode(), facts.uid(), facts.gid())
}

#[test]
fn restored() {
    let tree = Tree::new();
    let before = tree.snapshot();
    tree.regen(&RealFiles).expect("done");
    let held = lock(&RealFiles, &tree.home()).expect("free");
    let backup = Backup::open(&RealFiles, &tree.backups().join("run-1")).expect("whole");
    assert_eq!((backup.run().clone(), backup.home()), (run("run-1"), tree.home().as_path()));
    assert_eq!(backup.changed().len(), 9);
    // the run's own files only
    tree.file("etc/kubernetes/pki/ca.crt", "another ca", 0o644);
    assert_eq!(backup.changes(&held, false, false).expect("as the run left them").len(), 9);
    // with all of them, what the run left alone has changed since, too
    let paths = vec![tree.path("etc/kubernetes/pki/ca.crt")];
    assert_eq!(backup.changes(&held, true, false).err(), Some(RestoreError::ChangedSince { paths }));
    assert_eq!(backup.changes(&held, true, true).expect("forced").len(), 10);
    fs::remove_file(tree.path("etc/kubernetes/pki/ca.crt")).expect("removed");
    assert_eq!(backup.changes(&held, true, false).expect("nothing is overwritten").len(), 10);
    tree.file(SERVER, "renewed since", 0o644);
    let paths = vec![tree.path(SERVER)];
    assert_eq!(backup.changes(&held, false, false).err(), Some(RestoreError::ChangedSince { paths }));
    let changes = backup.changes(&held, true, true).expect("forced");
    let staged = Staged::stage(&held, run("run-2"), changes, Some(tree.request())).expect("staged");
    staged.commit().expect("committed").finish().expect("done");
    assert_eq!(tree.snapshot(), before);
    assert!(backup.changes(&held, true, false).expect("nothing to do").is_empty());
    assert_eq!(tree.whole_backups(), ["run-1", "run-2"]);
    // someone damages the first
    let saved = tree.backups().join("run-1/files").join(tree.path(SERVER).strip_prefix("/").expect("absolute"));
    fs::write(saved, "damaged").expect("a file");
    fs::create_dir(tree.backups().join("run-3.partial")).expect("a directory");
    let listed = backups(&RealFiles, &tree.backups()).expect("a listing");
    let good: Vec<_> = listed.iter().map(|one| one.backup.is_ok()).collect();
    assert_eq!(good, [false, false, true]);
}

#[test]
fn a_file_that_was_changed_after_the_crash_is_left_to_hands() {
    for forward in [false, true] {
        let tree = Tree::new();
        let before = tree.snapshot();
        // killed after the first rename: the certificate is new, its key is not
        let probe = Tree::new();
        let all = Gated::new(usize::MAX, Fault::Never);
        probe.regen(&all).expect("nothing fails");
        let renamed = all
            .record
            .borrow()
            .iter()
            .position(|step| matches!(step, super::gate::Step::Rename(_, to) if to.ends_with("apiserver.key")));
        let _ = tree.regen(&Gated::new(renamed.expect("a rename") + usize::from(forward), Fault::Die));
        tree.file(SERVER, "renewed by hand", 0o640);
        let outcome = tree.recover(&RealFiles);
        let Err(Failure::Torn { commands, .. }) = outcome else { panic!("expected hands, found {outcome:?}") };
        // what it tells a human to do puts everything back, and loses nothing
        let script = commands.iter().filter(|command| !command.starts_with("pkidoctor")).cloned().collect::<Vec<_>>();
        assert!(Command::new("sh").args(["-ec", &script.join("\n")]).status().expect("a shell").success());
        let mut now = tree.snapshot();
        let aside = now.remove(&tree.path(&format!("{SERVER}.changed-run-1"))).expect("what was found is kept");
        assert_eq!(aside.0, b"renewed by hand");
        assert_eq!(now, before);
    }
}

#[test]
fn a_tree_that_moved() {
    let tree = Tree::new();
    let before = tree.snapshot();
    let _ = tree.regen(&Gated::new(60, Fault::Die));
    // only the directory: the journal names files of another place
    let copy = tree.path("copy");
    assert!(Command::new("cp").arg("-a").arg(tree.home()).arg(&copy).status().expect("cp").success());
    let held = lock(&RealFiles, &copy).expect("free");
    assert!(matches!(
        recover(&held, std::slice::from_ref(&tree.base)),
        Err(Failure::Unchanged(Reason::Journal { .. }))
    ));
    // what lies outside of where it may work
    let held = lock(&RealFiles, &tree.home()).expect("free");
    assert!(matches!(recover(&held, &[tree.home()]), Err(Failure::Unchanged(Reason::Journal { .. }))));
    // the whole disk, now below another directory
    let mnt = Tree::new();
    fs::remove_dir_all(mnt.path("etc")).expect("removed");
    let there = mnt.path(tree.base.strip_prefix("/").expect("absolute").to_str().expect("text"));
    fs::create_dir_all(&there).expect("directories");
    assert!(Command::new("cp").arg("-a").arg(tree.path("etc")).arg(&there).status().expect("cp").success());
    let home = there.join("etc/kubernetes/pki");
    let outcome = recover(&lock(&RealFiles, &home).expect("free"), std::slice::from_ref(&mnt.base));
    assert!(matches!(outcome, Ok(Recovered::Undone(Some(_)))), "{outcome:?}");
    assert!(!home.join(crate::profile::JOURNAL).exists());
    for (path, facts) in before {
        let path = there.join(path.strip_prefix(&tree.base).expect("below"));
        assert_eq!(fs::read(&path).expect("a file"), facts.0, "{}", path.display());
    }
}

#[test]
fn immutable_files_are_refused_before_anything_is_written() {
    let tree = Tree::new();
    let path = tree.path(SERVER);
    let chattr = |flag: &str| Command::new("chattr").arg(flag).arg(&path).status().is_ok_and(|status| status.success());
    if !chattr("+i") {
        println!("no chattr here");
        return;
    }
    let outcome = std::panic::catch_unwind(|| refused(&tree, || tree.regen(&RealFiles)));
    assert!(chattr("-i"));
    assert!(matches!(outcome, Ok(Reason::NotAllowed { .. })), "{outcome:?}");
}

#[test]
fn a_directory_that_may_not_be_written() {
    if is_root() {
        println!("root may write anywhere");
        return;
    }
    let tree = Tree::new();
    let etcd = tree.path("etc/kubernetes/pki/etcd");
    fs::set_permissions(&etcd, fs::Permissions::from_mode(0o500)).expect("a mode");
    let reason = refused(&tree, || tree.regen(&RealFiles));
    fs::set_permissions(&etcd, fs::Permissions::from_mode(0o700)).expect("a mode");
    assert!(matches!(reason, Reason::NotAllowed { .. }), "{reason}");
}

#[test]
fn nothing_shows_what_a_key_holds() {
    let tree = Tree::new();
    for at in 0.. {
        tree.reset();
        let _ = fs::remove_dir_all(tree.path("var"));
        let files = Gated::new(at, Fault::Once(rustix::io::Errno::IO));
        let outcome = tree.regen(&files);
        if !files.reached() {
            break;
        }
        assert!(!format!("{outcome:?}").contains("new apiserver"), "{at}");
        for path in [tree.journal(), tree.backups().join("run-1/backup.json")] {
            let text = fs::read_to_string(path).unwrap_or_default();
            assert!(!text.contains("new ") && !text.contains("old "), "{text}");
        }
    }
}

/// A tree whose run was killed after its commit, and its journal.
fn interrupted() -> (Tree, Vec<u8>) {
    let tree = Tree::new();
    for at in 0.. {
        tree.reset();
        let _ = fs::remove_dir_all(tree.path("var"));
        let files = Gated::new(at, Fault::Die);
        let _ = tree.regen(&files);
        let journal = fs::read(tree.journal()).unwrap_or_default();
        if journal.split(|byte| *byte == b'\n').count() == 3 {
            return (tree, journal);
        }
        assert!(files.reached(), "it was done without a commit");
    }
    unreachable!("the loop ends by itself")
}

#[test]
fn a_journal_cut_at_every_byte() {
    let (tree, journal) = interrupted();
    let ours = |tree: &Tree| tree.snapshot().into_keys().filter(|path| super::tree::is_ours(path)).count();
    let staged = ours(&tree);
    let files = tree.snapshot();
    for length in 0..=journal.len() {
        for (path, facts) in &files {
            if fs::read(path).ok().as_ref() != Some(&facts.0) {
                fs::write(path, &facts.0).expect("a file");
                fs::set_permissions(path, fs::Permissions::from_mode(facts.1)).expect("a mode");
            }
        }
        fs::write(tree.journal(), &journal[..length]).expect("a journal");
        assert_eq!(ours(&tree), staged);
        let outcome = tree.recover(&RealFiles);
        assert!(outcome.is_ok(), "{length}: {outcome:?}");
        let foreign = fs::read(tree.path("etc/kubernetes/pki/ca.crt")).expect("a file");
        assert_eq!(foreign, b"ca");
        let new = fs::read(tree.path(SERVER)).expect("a file") == b"new server";
        assert_eq!(new, length == journal.len(), "{length}");
        if new {
            fs::remove_file(tree.path("etc/kubernetes/pki/etcd/peer.crt")).expect("new");
            fs::remove_file(tree.path("etc/kubernetes/pki/etcd/peer.key")).expect("new");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever a journal says, even behind a checksum that is right: nothing but the files that it lists is touched.
    #[test]
    fn journals_from_elsewhere(
        paths in proptest::collection::vec("(/etc/kubernetes/pki)?(/|\\.\\./|etcd/|admin\\.conf|sa\\.pub|ca\\.key|x){1,4}", 1..4),
        before in proptest::option::of(0_usize..3),
        after in proptest::option::of(0_usize..3),
        committed in any::<bool>(),
        flip in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let tree = Tree::new();
        let contents: [&[u8]; 3] = [b"sa", b"old admin", b"something else"];
        let state = |which: Option<usize>| which.map(|which| journal::FileState {
            sha256: digest::Digest::of(contents[which]),
            mode: 0o600,
            owner: Some((0, 0)),
        });
        let entry = |path: &String| journal::Entry {
            path: paths::PathText(tree.path(path.trim_start_matches('/'))),
            before: state(before),
            after: state(after),
        };
        let listed: Vec<_> = paths.iter().map(entry).collect();
        let header = journal::Header::new(run("evil"), tree.home(), listed.clone(), None);
        let mut bytes = journal::header_line(&header).expect("a line");
        if committed {
            bytes.extend(journal::commit_line());
        }
        if let Some(flip) = flip {
            let at = flip.index(bytes.len());
            bytes[at] ^= 4;
        }
        fs::write(tree.journal(), &bytes).expect("a journal");
        fs::set_permissions(tree.journal(), fs::Permissions::from_mode(0o600)).expect("a mode");
        let mut expected = tree.snapshot();
        let _ = tree.recover(&RealFiles);
        let now = tree.snapshot();
        expected.retain(|path, _| !super::tree::is_ours(path) && !listed.iter().any(|entry| entry.path.0 == *path));
        for (path, facts) in expected {
            prop_assert_eq!(now.get(&path), Some(&facts), "{}", path.display());
        }
    }
}
