//! Certificates with their ends, for whoever tells dates.

use pkidoctor::report::{CertificateReport, Report};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A certificate's last instant.
pub(super) struct Validity<'r> {
    pub(super) until: OffsetDateTime,
    pub(super) node: &'r str,
    pub(super) path: &'r str,
    /// The path, with its node where there are several.
    pub(super) place: String,
    pub(super) certificate: &'r CertificateReport,
}

/// Those of every certificate, file by file; dates beyond the calendar are left out.
pub(super) fn all(report: &Report) -> Vec<Validity<'_>> {
    let several = report.nodes.len() > 1;
    let files = report.nodes.iter().flat_map(|node| node.files.iter().map(move |file| (node, file)));
    files
        .flat_map(|(node, file)| {
            let place = if several { format!("{} {}", node.name, file.path) } else { file.path.clone() };
            file.certificates.iter().filter_map(move |certificate| {
                let until = OffsetDateTime::parse(&certificate.not_after, &Rfc3339).ok()?;
                Some(Validity { until, node: &node.name, path: &file.path, place: place.clone(), certificate })
            })
        })
        .collect()
}
