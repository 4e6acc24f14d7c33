//! From a wish to a repair: read, plan, prepare in memory, judge what would come of it, carry it out.
//!
//! A [`Prescription`] exists only where the tree that it leads to was judged by the same checks as ever and no link
//! is worse off. Only carrying it out writes.

mod bench;
mod carry;
mod clean;
mod compare;
mod fix;
mod live;
mod rotation;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::cluster::Cluster;
use crate::go::GoVersion;
use crate::go::verify::{SignatureCache, Verifier};
use crate::links::{self, Link};
use crate::plan::{self, Begun, Plan, Refusal, RotationStep, Target, UnknownTarget};
use crate::read::{ReadError, Request};
use crate::report::{Finding, Report};

use bench::{Bench, Keys};

pub use bench::Requested;

pub use carry::{Done, Nobody, NotDone, Witness, home, recover, restore, write_requests};
pub use fix::Selection;
pub use live::{Served, Shown};
pub use rotation::{Proof, Younger, rotate};

/// Why there was nothing to look at.
pub(crate) type WrongSetting = ReadError;

/// Which tree, when, and by whose rules.
pub struct Setting {
    /// The nodes: the first one is repaired, the others are looked at.
    pub request: Request,
    /// Now.
    pub now: OffsetDateTime,
    /// Whose rules.
    pub go: GoVersion,
    /// When this program was built: no clock may be behind it.
    pub built: OffsetDateTime,
}

/// Why nothing is prescribed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Nothing could be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was asked for does not exist.
    #[error(transparent)]
    Target(#[from] UnknownTarget),
    /// It cannot be done, or would do harm.
    #[error(transparent)]
    No(#[from] Refusal),
}

/// A finding that this program does not heal.
#[derive(Clone, Debug)]
pub struct Left {
    /// The finding, with the steps for hands.
    pub finding: Finding,
    /// Why a repair was not possible.
    pub refusal: Option<Refusal>,
}

/// A repair that was tried out in memory.
pub struct Prescription {
    /// What is done.
    pub plan: Plan,
    /// The report before.
    pub before: Arc<Report>,
    /// The report of the tree as it will be.
    pub after: Arc<Report>,
    /// What is left for hands.
    pub left: Vec<Left>,
    /// What was read, to see whether it is still so.
    read: BTreeMap<(usize, String), Option<[u8; 32]>>,
    /// The tree that it began with.
    start: Arc<Cluster>,
    /// The step of a rotation that needs proof.
    rotation: Option<RotationStep>,
    bench: Bench,
}

/// Prepares to make targets anew (`etcd-server`, `admin.conf`, `etcd`, `all`…).
///
/// # Errors
/// When one of them cannot be made, or when the result would be worse than what is there.
pub fn regen(setting: &Setting, words: &[String], options: &plan::Options) -> Result<Prescription, Refused> {
    let (start, plan) = planned(setting, words, options)?;
    let keys = Keys::for_plan(&plan)?;
    prepared(setting, &start, plan, keys)
}

/// Prepares to put in place what another place has signed: `TARGET.crt` and `TARGET.key` in a directory.
///
/// # Errors
/// When one of them is missing or does not fit, or when the result would be worse than what is there.
pub fn install(
    setting: &Setting,
    words: &[String],
    options: &plan::Options,
    directory: &Path,
) -> Result<Prescription, Refused> {
    let (start, plan) = planned(setting, words, options)?;
    let keys = Keys { signed_elsewhere: Some(directory.to_path_buf()), ..Keys::default() };
    prepared(setting, &start, plan, keys)
}

/// Keys and requests for a CA whose key is elsewhere.
///
/// # Errors
/// When a target cannot be planned, or a request not be made.
pub fn requests(setting: &Setting, words: &[String], options: &plan::Options) -> Result<Vec<Requested>, Refused> {
    let (start, plan) = planned(setting, words, options)?;
    Ok(start.requests(&plan)?)
}

/// The tree as it is, if a repair may begin on it at all.
fn start(setting: &Setting) -> Result<Bench, Refused> {
    let start = Bench::new(setting)?;
    if start.report.findings.iter().any(|finding| finding.code == "interrupted-repair") {
        let message = "an earlier repair was neither finished nor undone";
        return Err(Refusal::new("interrupted-repair", message).then(way_out(&setting.request)).into());
    }
    check_clock(setting, &start.cluster)?;
    Ok(start)
}

/// The command that ends the repair which was begun on these files.
fn way_out(request: &Request) -> String {
    let flag = |flag: &str, path: &Path| format!(" {flag} {}", crate::act::quoted(path));
    let pki = request.paths.first().map(|pki| flag("--pki", pki)).unwrap_or_default();
    let root = request.root.as_deref().map(|root| flag("--root", root)).unwrap_or_default();
    format!("pkidoctor recover{pki}{root}")
}

fn planned(setting: &Setting, words: &[String], options: &plan::Options) -> Result<(Bench, Plan), Refused> {
    for word in words {
        Target::known(word)?;
    }
    let start = start(setting)?;
    let mut targets: Vec<Target> = Vec::new();
    let mut left_out: Vec<(Target, String)> = Vec::new();
    for word in words {
        for target in Target::meant(word, &start.cluster, bench::PATIENT)? {
            let is_by_name = word == target.name();
            let is_elsewhere =
                !options.without_ca_key && target.is_signed_elsewhere(&start.cluster, bench::PATIENT) && !is_by_name;
            if is_elsewhere {
                left_out.push((target, "etcd is external, and its CA's key is not here".to_owned()));
            } else if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    // where nothing else was meant, why it cannot be made is the answer
    if targets.is_empty() {
        targets.extend(left_out.drain(..).map(|(target, _)| target));
    }
    let mut plan = start.plan(&targets, options)?;
    plan.left_out = left_out;
    Ok((start, plan))
}

fn prepared(setting: &Setting, start: &Bench, plan: Plan, keys: Keys) -> Result<Prescription, Refused> {
    let bench = start.after(setting, &plan.steps, keys)?;
    harmless(start, &bench)?;
    good(&bench)?;
    Ok(prescription(start, plan, bench, Vec::new()))
}

/// Prepares the smallest set of repairs that heals what a selection wants.
///
/// # Errors
/// When nothing could be read, or the clock is behind. What cannot be healed is in [`Prescription::left`].
pub fn fix(setting: &Setting, selection: &Selection) -> Result<Prescription, Refused> {
    let start = start(setting)?;
    let found = fix::search(setting, &start, selection);
    harmless(&start, &found.bench)?;
    Ok(prescription(&start, found.plan, found.bench, found.left))
}

fn prescription(start: &Bench, plan: Plan, bench: Bench, left: Vec<Left>) -> Prescription {
    let (before, after) = (Arc::clone(&start.report), Arc::clone(&bench.report));
    let (read, start) = (start.fingerprint(), Arc::clone(&start.cluster));
    Prescription { plan, before, after, left, read, start, rotation: None, bench }
}

/// Refuses what would make anything worse.
fn harmless(before: &Bench, after: &Bench) -> Result<(), Refusal> {
    let worse = compare::worse(&before.report, &after.report);
    if !worse.is_empty() {
        let message = format!("this would break what works: {}", worse.join("; "));
        return Err(Refusal::new("would-harm", message).then("pkidoctor scan tells how things are now"));
    }
    Ok(())
}

/// Refuses what some link would refuse: what is made anew is to have no error of its own.
fn good(bench: &Bench) -> Result<(), Refusal> {
    let node = &bench.cluster.nodes[bench::PATIENT];
    let is_written = |finding: &&Finding| {
        let subject = finding.subject.split('#').next().unwrap_or_default();
        let is_here = finding.node.as_deref().is_none_or(|name| name == node.name);
        is_here && bench.changes.iter().any(|change| node.shown(&change.path) == subject)
    };
    let errors =
        bench.report.findings.iter().filter(|finding| finding.severity == "error" && !finding.links.is_empty());
    match errors.filter(|finding| finding.code != "interrupted-repair").find(is_written) {
        None => Ok(()),
        Some(finding) => Err(Refusal::new(
            "would-be-refused",
            format!("what would be made is not good: {} ({})", finding.message, finding.code),
        )
        .then("pkidoctor scan tells what stands in the way; it is to be mended first")),
    }
}

fn check_clock(setting: &Setting, cluster: &Cluster) -> Result<(), Refusal> {
    let signatures = SignatureCache::default();
    let verifier = Verifier { go: cluster.go, now: cluster.now, signatures: &signatures };
    plan::clock(setting.now, setting.built, &begun(cluster, &links::judge(cluster, &verifier)))
}

/// When the certificates on links became valid.
fn begun(cluster: &Cluster, links: &[Link]) -> Begun {
    let mut seen = Vec::new();
    let mut begun = Begun::default();
    let materials = links.iter().flat_map(Link::references).filter_map(|reference| reference.material(cluster));
    for certificate in materials.flat_map(crate::go::load::Material::parsed) {
        if seen.contains(&certificate.raw.as_slice()) {
            continue;
        }
        seen.push(&certificate.raw);
        let list = if certificate.is_ca() { &mut begun.authorities } else { &mut begun.leaves };
        list.push(certificate.not_before);
    }
    begun
}

impl Prescription {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        let is_mode = |step: &plan::Step| matches!(step.work, plan::Work::Chmod { .. });
        !self.plan.steps.iter().any(is_mode) && self.bench.changes.iter().all(bench::FileChange::is_void)
    }
}
