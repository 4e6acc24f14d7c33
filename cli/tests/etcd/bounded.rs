//! Programs that may not take for ever.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often to look again.
const PAUSE: Duration = Duration::from_millis(5);

/// Whether `done` came true in time.
pub(crate) fn wait(at_most: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if done() {
            return true;
        }
        if start.elapsed() > at_most {
            return false;
        }
        sleep(PAUSE);
    }
}

/// A program that has ended, or was ended.
pub(crate) struct Ended {
    /// `None` when it had to be ended
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// Runs a program until it ends, has said enough on stderr, or the time is over. Its words go through `directory`.
pub(crate) fn run(mut command: Command, directory: &Path, at_most: Duration, enough: impl Fn(&str) -> bool) -> Ended {
    let (out, err) = (directory.join("stdout"), directory.join("stderr"));
    command.stdin(Stdio::null());
    command.stdout(File::create(&out).expect("a file for stdout"));
    command.stderr(File::create(&err).expect("a file for stderr"));
    let start = Instant::now();
    let mut process = command.spawn().expect("the program starts");
    let mut code = None;
    wait(at_most, || {
        code = process.try_wait().expect("a status").map(|status| status.code().unwrap_or(-1));
        code.is_some() || enough(&text(&err))
    });
    let took = start.elapsed();
    if code.is_none() {
        let _ = process.kill();
        let _ = process.wait();
    }
    Ended { code, stdout: text(&out), stderr: text(&err), took }
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).expect("a program's words")).into_owned()
}
