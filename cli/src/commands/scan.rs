//! `scan`: reads, judges, reports.

use std::io::Write as _;

use pkidoctor::exam::Options;
use pkidoctor::read::{self, Request};
use pkidoctor::report::{self, Filter, Report};
use time::OffsetDateTime;

use crate::args::{Scan, Threshold};
use crate::exit::Exit;

/// Runs `scan`.
pub(crate) fn run(scan: &Scan) -> Exit {
    let now = scan.global.at.unwrap_or_else(OffsetDateTime::now_utc);
    let request = Request {
        paths: scan.paths.clone(),
        root: scan.root.clone(),
        manifests: scan.manifests.clone(),
        kubeconfigs: scan.kubeconfigs.clone(),
        no_manifests: scan.no_manifests,
        etcd_config: scan.etcd_config.clone(),
    };
    let cluster = match read::cluster(&request, now, scan.for_go) {
        Ok(cluster) => cluster,
        Err(error) => {
            anstream::eprintln!("pkidoctor: {error}");
            return Exit::CouldNotLook;
        }
    };
    let options = Options { expiry_warning: scan.expiry_warning, ca_expiry_warning: scan.ca_expiry_warning };
    let filter = Filter { select: scan.select.clone(), ignore: scan.ignore.clone() };
    let report = report::examine(&cluster, &options, &filter);
    let mut stdout = std::io::stdout().lock();
    let _ = serde_json::to_writer(&mut stdout, &report);
    let _ = writeln!(stdout);
    exit(&report, scan.fail_on)
}

fn exit(report: &Report, threshold: Threshold) -> Exit {
    let summary = &report.summary;
    let found = match threshold {
        Threshold::Error => summary.error,
        Threshold::Warning => summary.error + summary.warning,
        Threshold::Info => summary.error + summary.warning + summary.info,
        Threshold::Never => 0,
    };
    if found > 0 {
        Exit::Found
    } else if report.verdict == "incomplete" {
        Exit::CouldNotLook
    } else {
        Exit::Clean
    }
}
