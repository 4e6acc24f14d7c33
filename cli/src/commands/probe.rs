//! `probe`: reads, walks every link live, judges both, reports.

use std::io;
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use pkidoctor::cluster::Cluster;
use pkidoctor::cluster::url::Endpoint;
use pkidoctor::exam::Options;
use pkidoctor::read::{self, Request};
use pkidoctor::report::{self, Filter, Report};
use pkidoctor_live::{Probed, Progress, Settings, Versions};
use time::OffsetDateTime;
use tokio::runtime::Builder;
use tokio::time::{Instant, timeout};

use super::scan::{self, Terms};
use crate::args::{Judge, Manners, Probe, Threshold, Tls, Tour, clock};
use crate::exit::Exit;
use crate::output::{Output, say};
use crate::progress::{Line, SILENCE};
use crate::render::About;

/// Runs `probe`.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn run(probe: &Probe, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let request = scan::request(&probe.place, probe.pki.clone());
    let terms = Terms { options: Options::default(), filter: Filter::default(), fail_on: Threshold::Error };
    walk(&request, &probe.judge, probe.judge.now(), &probe.tour, &probe.endpoints, &terms, manners, out)
}

/// Reads, walks and reports.
///
/// # Errors
/// When the output cannot be written.
#[expect(clippy::too_many_arguments, reason = "what was typed, taken apart for two commands")]
pub(super) fn walk(
    request: &Request,
    judge: &Judge,
    now: OffsetDateTime,
    tour: &Tour,
    endpoints: &[Endpoint],
    terms: &Terms,
    manners: &Manners,
    out: &mut Output,
) -> io::Result<Exit> {
    let begun = clock();
    let cluster = match read::cluster(request, now, judge.for_go) {
        Ok(cluster) => cluster,
        Err(error) => {
            say(&error.to_string());
            scan::incomplete(judge.for_go, &request.paths, &error.to_string(), now, manners, out)?;
            return Ok(Exit::CouldNotLook);
        }
    };
    let settings = settings(tour, endpoints);
    let Probed { links, evidence, .. } = tour_of(request, &cluster, &settings, manners.quiet)?;
    let unknown: Vec<&String> = settings.links.iter().filter(|id| !links.iter().any(|link| link.id == **id)).collect();
    if let Some(id) = unknown.first() {
        let near = crate::suggest::nearest(id, links.iter().map(|link| link.id.as_str()));
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        say(&format!("no link {id} here{hint}"));
        return Ok(Exit::CouldNotLook);
    }
    let report = report::examine_live(&cluster, &links, &evidence, &terms.options, &terms.filter);
    scan::tell(&report, &About { took: scan::took(begun), ..terms.about() }, manners, out)?;
    Ok(exit(&report, terms.fail_on))
}

/// How links are walked.
pub(super) fn settings(tour: &Tour, endpoints: &[Endpoint]) -> Settings {
    Settings {
        timeout: tour.timeout.unwrap_or(Duration::from_secs(5)),
        versions: match tour.tls {
            Some(Tls::V12) => Versions::Tls12,
            Some(Tls::V13) => Versions::Tls13,
            Some(Tls::Auto) | None => Versions::Auto,
        },
        endpoints: endpoints.to_vec(),
        links: tour.link.clone(),
        all_members: tour.all_members,
    }
}

/// A link that is refused or unreachable counts, whatever hangs on it; where nothing could be dialled, nothing was
/// looked at.
fn exit(report: &Report, threshold: Threshold) -> Exit {
    let exit = scan::exit(report, threshold);
    let seen: Vec<_> =
        report.nodes.iter().flat_map(|node| &node.links).filter_map(|link| link.live.as_ref()?.as_ref()).collect();
    if seen.is_empty() {
        say("no link was dialled; the facts of each say why");
        return exit.or_worse(Exit::CouldNotLook);
    }
    let refused = threshold != Threshold::Never && seen.iter().any(|live| live.verdict != "ok");
    if refused { exit.or_worse(Exit::Found) } else { exit }
}

fn told(progress: Option<Progress>, since: Duration) -> String {
    let known = match progress {
        Some(Progress { done, of, .. }) if of > 0 => format!(", {done} of {of} questions answered"),
        _ => String::new(),
    };
    format!("probing for {:.1} s{known}", since.as_secs_f64())
}

pub(super) fn tour_of(request: &Request, cluster: &Cluster, settings: &Settings, quiet: bool) -> io::Result<Probed> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let probed = runtime.block_on(async {
        let latest = Mutex::new(None);
        let note = |progress: Progress| {
            if let Ok(mut latest) = latest.lock() {
                *latest = Some(progress);
            }
        };
        let begin = Instant::now();
        let mut line = Line::new(quiet);
        let mut tour = pin!(pkidoctor_live::probe(request, cluster, settings, note));
        loop {
            if let Ok(probed) = timeout(SILENCE / 2, &mut tour).await {
                line.wipe();
                return probed;
            }
            if begin.elapsed() >= SILENCE {
                line.draw(&told(latest.lock().ok().and_then(|latest| *latest), begin.elapsed()));
            }
        }
    });
    // a resolver that hangs is nobody's to wait for
    runtime.shutdown_background();
    Ok(probed)
}
