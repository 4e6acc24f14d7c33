//! `scan`: reads, judges, reports.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pkidoctor::exam::Options;
use pkidoctor::go::GoVersion;
use pkidoctor::read::{self, ReadError, Request};
use pkidoctor::report::{self, Filter, Report};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::args::{Choice, Format, Manners, Place, Scan, Threshold, clock};
use crate::exit::Exit;
use crate::output::{Output, say};
use crate::render::{self, About, graph, human, json, page::Page, page::YELLOW};

/// Runs `scan` on the nodes of one cluster.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn run(scan: &Scan, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let (now, terms) = (scan.judge.now(), terms(scan));
    #[cfg(feature = "live")]
    if scan.probe {
        let request = request(&scan.place, scan.paths.clone());
        return super::probe::walk(&request, &scan.judge, now, &scan.tour, &[], &terms, manners, out);
    }
    let begun = clock();
    match examine(scan, scan.paths.clone(), now) {
        Ok(report) => {
            match scan.graph {
                Some(graph) => out.write_all(graph::text(&report, graph).as_bytes())?,
                None => tell(&report, &About { took: took(begun), ..terms.about() }, manners, out)?,
            }
            Ok(exit(&report, terms.fail_on))
        }
        Err(error) => {
            say(&error.to_string());
            incomplete(scan.judge.for_go, &scan.paths, &error.to_string(), now, manners, out)?;
            Ok(Exit::CouldNotLook)
        }
    }
}

/// What counts, and for how much.
pub(super) struct Terms {
    pub(super) options: Options,
    pub(super) filter: Filter,
    pub(super) fail_on: Threshold,
}

impl Terms {
    /// What a report is told with.
    pub(super) fn about(&self) -> About<'static> {
        About { fails: self.fail_on, ..About::default() }
    }
}

fn terms(scan: &Scan) -> Terms {
    let (options, filter) = choice(&scan.choice);
    Terms { options, filter, fail_on: scan.fail_on }
}

/// What findings are asked for.
pub(super) fn choice(choice: &Choice) -> (Options, Filter) {
    (
        Options { expiry_warning: choice.expiry_warning, ca_expiry_warning: choice.ca_expiry_warning },
        Filter { select: choice.select.clone(), ignore: choice.ignore.clone() },
    )
}

/// What is to be read.
pub(super) fn request(place: &Place, paths: Vec<PathBuf>) -> Request {
    Request {
        paths,
        root: place.root.clone(),
        manifests: place.manifests.clone(),
        kubeconfigs: place.kubeconfigs.clone(),
        no_manifests: place.no_manifests,
        etcd_config: place.etcd_config.clone(),
        ..Request::default()
    }
}

/// Reads and judges one cluster.
pub(super) fn examine(scan: &Scan, paths: Vec<PathBuf>, now: OffsetDateTime) -> Result<Report, ReadError> {
    let cluster = read::cluster(&request(&scan.place, paths), now, scan.judge.for_go)?;
    let Terms { options, filter, .. } = terms(scan);
    Ok(report::examine(&cluster, &options, &filter))
}

/// How long it took, unless the clock was set meanwhile.
pub(super) fn took(begun: OffsetDateTime) -> Option<Duration> {
    Duration::try_from(clock() - begun).ok()
}

pub(super) fn tell(report: &Report, about: &About<'_>, manners: &Manners, out: &mut Output) -> io::Result<()> {
    super::tell(report, about, manners, out, |paper, detail| human::report(report, paper, detail))
}

/// What a run comes to. An unreadable file is no finding to fail on: it is the 2 that any other finding beats.
pub(super) fn exit(report: &Report, threshold: Threshold) -> Exit {
    let mut findings = report.findings.iter().filter(|finding| !finding.ignored && finding.code != "unreadable");
    if findings.any(|finding| threshold.counts(finding.severity)) {
        Exit::Found
    } else if report.findings.iter().any(|finding| finding.code == "unreadable" && !finding.ignored) {
        Exit::CouldNotLook
    } else {
        Exit::Clean
    }
}

/// Stdout is empty only on bad usage: where nothing could be examined, the report says just that.
pub(super) fn incomplete(
    go: GoVersion,
    paths: &[PathBuf],
    error: &str,
    now: OffsetDateTime,
    manners: &Manners,
    out: &mut Output,
) -> io::Result<()> {
    match manners.format() {
        Format::Human => {
            let mut page = Page::new(out.paper());
            page.wrapped(0, 2, &[(YELLOW, "incomplete:"), (anstyle::Style::new(), "nothing was examined")]);
            out.write_all(page.into_text().as_bytes())
        }
        Format::Json => json::line(out, &nothing(go, error, now)),
        Format::Ndjson => {
            let first = paths.first().map_or(Path::new(""), PathBuf::as_path);
            json::line(out, &nothing_line(go, error, now, first))
        }
        document => {
            let about = About { error: Some(error), ..About::default() };
            render::document(document, &Report::incomplete(now, go), &about, out)
        }
    }
}

/// The line of a cluster that could not be examined.
pub(super) fn nothing_line(go: GoVersion, error: &str, now: OffsetDateTime, path: &Path) -> Value {
    let mut line = nothing(go, error, now);
    if let Some(fields) = line.as_object_mut() {
        fields.remove("nodes");
    }
    with(line, json!({ "path": path.display().to_string(), "name": null, "files": [], "links": [] }))
}

/// The report where nothing could be examined, with the reason.
fn nothing(go: GoVersion, error: &str, now: OffsetDateTime) -> Value {
    with(json!(Report::incomplete(now, go)), json!({ "error": error }))
}

fn with(mut object: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (object.as_object_mut(), more) {
        fields.extend(more);
    }
    object
}
