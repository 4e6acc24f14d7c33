//! Where output goes: pipes that close, files that appear whole, colour where it is wanted.

use std::process::Stdio;

use crate::support::{LATER, NOW, Ward, finish};

#[test]
fn a_closed_pipe_is_success() {
    let ward = Ward::with(&["stacked-single", "ecdsa"]);
    let runs: [&[&str]; 5] = [
        &["scan", "stacked-single", "--at", NOW],
        &["scan", "stacked-single", "--at", NOW, "--format", "json"],
        &["scan", "--each", ".", "--at", NOW],
        &["explain"],
        &["completions", "bash"],
    ];
    for run in runs {
        let mut child = ward.command(run).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ends");
        assert_eq!(output.status.code(), Some(0), "{run:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("roken pipe"), "{run:?}");
    }
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let ward = Ward::with(&["stacked-single"]);
    let expected = ward.scan(&["stacked-single", "--format", "json"]).code(0).stdout;
    std::fs::write(ward.path("report.json"), "old").unwrap();
    let ran = ward.scan(&["stacked-single", "--format", "json", "-o", "report.json"]).code(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert_eq!(std::fs::read_to_string(ward.path("report.json")).unwrap(), expected);
    let names: Vec<_> = std::fs::read_dir(&ward.directory).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 2, "no temporary file stays: {names:?}");
    let refused = ward.scan(&["stacked-single", "-o", "no/such/directory/report"]).code(2);
    assert!(refused.stderr.contains("cannot write no/such/directory/report"), "{}", refused.stderr);
    ward.scan(&["stacked-single", "-o", "."]).code(2);
}

#[test]
fn a_device_is_written_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    let ward = Ward::with(&["stacked-single"]);
    ward.scan(&["stacked-single", "-o", "/dev/null"]).code(0);
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn a_link_is_followed_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = Ward::with(&["stacked-single"]);
    std::fs::write(ward.path("real"), "old").unwrap();
    std::fs::set_permissions(ward.path("real"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real", ward.path("link")).unwrap();
    ward.scan(&["stacked-single", "-o", "link"]).code(0);
    assert!(ward.path("link").is_symlink());
    assert!(std::fs::read_to_string(ward.path("real")).unwrap().starts_with("healthy:"));
    assert_eq!(std::fs::metadata(ward.path("real")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn colour_only_where_it_is_wanted() {
    let ward = Ward::with(&["stacked-single"]);
    let run = |more: &[&str], no_color: bool| {
        let mut command = ward.command(&[&["scan", "stacked-single", "--at", LATER], more].concat());
        if no_color {
            command.env("NO_COLOR", "1");
        }
        finish(command).stdout
    };
    let plain = run(&[], false);
    assert!(!plain.contains('\u{1b}'), "a pipe gets none");
    let colored = run(&["--color", "always"], false);
    assert!(colored.contains("\u{1b}["));
    assert_eq!(run(&["--color", "always"], true), colored, "the option beats the environment");
    assert_eq!(run(&["--color", "never"], false), plain);
    assert!(!run(&["--color", "always", "--format", "json"], false).contains('\u{1b}'));
    // colour only supports: the words are the same without it
    let mut stripped = String::new();
    let mut pieces = colored.split('\u{1b}');
    stripped.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        stripped.push_str(piece.split_once('m').expect("a style").1);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn lines_keep_to_the_width() {
    let ward = Ward::with(&["stacked-single"]);
    for columns in ["72", "80", "200"] {
        let mut command = ward.command(&["scan", "stacked-single", "--at", LATER]);
        command.env("COLUMNS", columns);
        let limit: usize = columns.parse::<usize>().unwrap().min(120);
        // commands are never broken, so that they can be copied
        for line in finish(command).stdout.lines().filter(|line| !line.trim_start().starts_with("pkidoctor ")) {
            assert!(line.len() <= limit, "{} columns: {line}", line.len());
        }
    }
}

#[test]
fn manual_pages_and_completions() {
    let ward = Ward::new();
    ward.run(&["man", "pages/man1"]).code(0);
    assert!(ward.path("pages/man1/pkidoctor-scan.1").exists());
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(ward.run(&["completions", shell]).code(0).stdout.contains("pkidoctor"), "{shell}");
    }
    std::fs::write(ward.path("file"), "").unwrap();
    ward.run(&["man", "file"]).code(2);
}
