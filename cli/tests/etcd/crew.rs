//! Runs cases side by side and gathers what is wrong with all of them.

use crate::release::Release;
use crate::tally::Tally;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A case's results: what was compared, and what is wrong.
type Outcome = (Tally, Vec<String>);

/// Whether the case of this name was asked for.
pub(crate) fn wanted(name: &str) -> bool {
    std::env::var("PKIDOCTOR_WOUND").map_or(true, |part| name.contains(&part))
}

fn timed() -> bool {
    std::env::var_os("PKIDOCTOR_TIMED").is_some()
}

/// Runs every case, tells what was compared, and fails if anything is wrong.
pub(crate) fn run<C: Sync>(
    release: Release,
    cases: &[C],
    name: impl Fn(&C) -> &'static str + Sync,
    check: impl Fn(u64, &C) -> Outcome + Sync,
) {
    let next = AtomicUsize::new(0);
    let results = Mutex::new((Tally::default(), Vec::new()));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(number) else { return };
            let checked = catch_unwind(AssertUnwindSafe(|| check(number as u64, case)));
            let (tally, wrong) = checked.unwrap_or_else(|_| (Tally::default(), vec!["panicked, see above".to_owned()]));
            let mut results = results.lock().expect("nobody panics here");
            results.0.add(tally);
            results.1.extend(wrong.into_iter().map(|text| format!("{}: {text}", name(case))));
        }
    };
    // members mostly wait for an election
    let hands = if timed() { 1 } else { 4 };
    std::thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(work);
        }
    });
    let (tally, wrong) = results.into_inner().expect("nobody panicked here");
    let _ = writeln!(std::io::stdout(), "etcd {}: {tally}", release.version());
    assert!(wrong.is_empty(), "{} wrong with etcd {}:\n\n{}", wrong.len(), release.version(), wrong.join("\n\n"));
    if timed() {
        assert!(tally.slowest < Duration::from_secs(1), "slower than a second: {:?}", tally.slowest);
    }
}
