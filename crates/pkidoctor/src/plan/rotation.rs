//! Replacing etcd's CA without an outage, in three steps: a bundle of both CAs, then leaves of the new one, then the
//! old one goes.
//!
//! Processes read CA files at start, so after the first and the last step etcd and kube-apiserver are restarted, one
//! at a time; what proves that they were is asked of the running ones before the second and the third step. The new
//! CA lies beside the old one (`ca-next.crt`, `ca-next.key`) until it takes its place. kubeadm signs with the first
//! certificate of `ca.crt`, so that its key is always the one in `ca.key`.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::check::RemedyKind;
use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, File, Node, url};
use crate::issue::{AuthorityTemplate, KeyKind, Subject};
use crate::x509::certificate::Certificate;

use super::authority::{Signer, leaves, signed};
use super::{NewAuthority, Note, Plan, Refusal, Restart, Step, Work};

/// A step of the rotation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RotationStep {
    /// The new CA is made, and trusted beside the old one.
    Bundle,
    /// Every leaf of this node is made anew by the new CA, which comes first from now on.
    Leaves,
    /// The old CA is trusted no more.
    Drop,
}

impl RotationStep {
    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Leaves => "leaves",
            Self::Drop => "drop",
        }
    }
}

/// How far the rotation is on the first node, and where its files are.
pub struct Rotation {
    /// `etcd/ca.crt`.
    pub bundle: String,
    /// `etcd/ca.key`.
    pub key: String,
    /// The new CA, from the first step to the last.
    pub next: String,
    /// Its key, until it takes the place of the old one.
    pub next_key: String,
    /// What is to be done next; `None` where nothing has begun.
    pub begun: Option<RotationStep>,
    old: Arc<Certificate>,
    new: Option<Arc<Certificate>>,
}

/// `CertificateAuthorityValidityPeriod` of kubeadm: ten years.
const VALIDITY: Duration = Duration::days(3650);

/// Another node's new CA: a second one beside it would be trusted by a part of the members.
fn made_elsewhere(cluster: &Cluster) -> Option<Refusal> {
    let next = "etcd/ca-next.crt";
    let has_it = |other: &&Node| certificates(other, &other.layout(next)).next().is_some();
    let name = &cluster.nodes.iter().find(has_it)?.name;
    Some(
        Refusal::new("wrong-step", format!("the new CA has been made on {name}")).then(format!(
            "copy {next} and etcd/ca-next.key from {name} to the same place here, then do this step again"
        )),
    )
}

impl Rotation {
    /// Reads how far it is.
    pub fn of(cluster: &Cluster, node: usize, signer: &Signer) -> Self {
        let here = &cluster.nodes[node];
        let beside = |ending: &str| {
            let base =
                signer.certificate_file.rsplit_once('.').map_or(signer.certificate_file.as_str(), |(base, _)| base);
            format!("{base}-next.{ending}")
        };
        let (next, next_key) = (beside("crt"), beside("key"));
        let new = certificates(here, &next).next().cloned();
        let bundled =
            |new: &Arc<Certificate>| certificates(here, &signer.certificate_file).any(|known| known.raw == new.raw);
        let has_key = here.file(&next_key).and_then(File::material).is_some();
        let begun = match &new {
            Some(new) if bundled(new) && has_key => Some(RotationStep::Leaves),
            Some(new) if bundled(new) => Some(RotationStep::Drop),
            _ => None,
        };
        let old = Arc::clone(&signer.certificate);
        Self { bundle: signer.certificate_file.clone(), key: signer.key_file.clone(), next, next_key, begun, old, new }
    }

    /// The new CA, once there is one.
    pub const fn new_authority(&self) -> Option<&Arc<Certificate>> {
        self.new.as_ref()
    }

    /// What a step does to the CA's files on the first node; the leaves of the second step are planned after it.
    ///
    /// # Errors
    /// When it is not its turn, on this node or on another one.
    pub fn plan(&self, cluster: &Cluster, step: RotationStep, key: Option<KeyKind>) -> Result<Plan, Refusal> {
        match step {
            RotationStep::Bundle => self.bundled(cluster, key),
            RotationStep::Leaves => self.leaves(cluster),
            RotationStep::Drop => self.dropped(cluster),
        }
    }

    fn bundled(&self, cluster: &Cluster, key: Option<KeyKind>) -> Result<Plan, Refusal> {
        if let Some(begun) = self.begun {
            return Err(Refusal::new("wrong-step", "the bundle is there already: both CAs are trusted by files").then(
                format!("restart etcd and kube-apiserver, then: pkidoctor regen etcd-ca --step {}", begun.name()),
            ));
        }
        if let Some(refusal) = self.new.is_none().then(|| made_elsewhere(cluster)).flatten() {
            return Err(refusal);
        }
        let mut plan = Plan::default();
        let mut notes = vec![
            Note::new("old CA", &self.old.subject, "stays first, and signs until the step leaves"),
            Note::new("copies", &self.bundle, COPIES),
        ];
        if self.new.is_some() {
            // its age tells later who was started after the bundle was there
            let again = Work::Join { path: self.next.clone(), from: vec![self.next.clone()], only_first: true };
            plan.steps.push(step(again, Vec::new()));
            notes.push(Note::new("new CA", &self.next, "is here already, from another node: it is taken"));
        } else {
            plan.steps.push(step(Work::NewAuthority(Box::new(self.wanted(cluster.now, key))), Vec::new()));
            notes.push(Note::new(
                "other nodes",
                &self.next,
                "copy it and its key to the same place on every other control-plane node, then do this step there",
            ));
        }
        let both = vec![self.bundle.clone(), self.next.clone()];
        plan.steps.push(step(Work::Join { path: self.bundle.clone(), from: both, only_first: false }, notes));
        plan.restarts = vec![
            Restart::of(
                "etcd",
                "CA files are read at start: once every node has the bundle, restart one member at a time and wait until it is healthy",
            ),
            Restart::of("kube-apiserver", "likewise, one node at a time, after every etcd"),
        ];
        plan.questions.push("etcd gets a second CA; three steps make it the only one".to_owned());
        Ok(plan)
    }

    fn wanted(&self, now: OffsetDateTime, key: Option<KeyKind>) -> NewAuthority {
        let same = self.old.key.as_ref().and_then(KeyKind::of);
        let now = now.replace_nanosecond(0).unwrap_or(now);
        NewAuthority {
            template: AuthorityTemplate {
                subject: Subject::of(&self.old.subject),
                dns: self.old.names.dns.clone(),
                not_before: now.saturating_sub(Duration::minutes(5)),
                not_after: now.saturating_add(VALIDITY),
            },
            kind: key.or(same).unwrap_or(KeyKind::Rsa2048),
            certificate: self.next.clone(),
            key: self.next_key.clone(),
            like: self.bundle.clone(),
        }
    }

    fn leaves(&self, cluster: &Cluster) -> Result<Plan, Refusal> {
        let new = self.turn(RotationStep::Leaves)?;
        every_member(cluster)?;
        for node in &cluster.nodes {
            if serves_etcd(node) && !certificates(node, &node.layout("etcd/ca.crt")).any(|known| known.raw == new.raw) {
                return Err(Refusal::new("not-bundled", format!("{} does not trust the new CA yet", node.name)).then(
                    format!(
                        "on {}: pkidoctor regen etcd-ca --step bundle, then restart etcd and kube-apiserver there",
                        node.name
                    ),
                ));
            }
        }
        let mut plan = Plan::default();
        let both = vec![self.next.clone(), self.bundle.clone()];
        let first = vec![Note::new(
            "old CA",
            &self.old.subject,
            "stays trusted, and signs no more; its key is only in the backup",
        )];
        plan.steps.push(step(Work::Join { path: self.bundle.clone(), from: both, only_first: false }, first));
        plan.steps.push(Step {
            kind: RemedyKind::PutBack,
            ..step(Work::PutBack(vec![(self.next_key.clone(), self.key.clone())]), Vec::new())
        });
        plan.steps.push(step(Work::Remove(vec![self.next_key.clone()]), Vec::new()));
        plan.restarts = vec![Restart::of(
            "",
            "certificates are read at each handshake: nothing needs a restart. Once every node has done this step: --step drop",
        )];
        plan.questions.push("every etcd certificate of this node is made anew by the new CA".to_owned());
        Ok(plan)
    }

    fn dropped(&self, cluster: &Cluster) -> Result<Plan, Refusal> {
        let new = self.turn(RotationStep::Drop)?;
        every_member(cluster)?;
        for (index, node) in cluster.nodes.iter().enumerate() {
            if let Some(leaf) = leaves(cluster, index, "etcd/ca").iter().find(|leaf| !signed(leaf, new)) {
                return Err(Refusal::new(
                    "leaves-left",
                    format!("{} on {} is still of the old CA", leaf.subject, node.name),
                )
                .then(format!("on {}: pkidoctor regen etcd-ca --step leaves", node.name)));
            }
        }
        let mut plan = Plan::default();
        let only = Work::Join { path: self.bundle.clone(), from: vec![self.next.clone()], only_first: true };
        plan.steps.push(step(only, vec![Note::new("copies", &self.bundle, COPIES)]));
        plan.steps.push(step(Work::Remove(vec![self.next.clone()]), Vec::new()));
        plan.restarts = vec![
            Restart::of("etcd", "until it is restarted it trusts the old CA, too: one member at a time"),
            Restart::of("kube-apiserver", "likewise, before this step is done on the next node"),
        ];
        plan.questions.push("what the old CA has signed is refused once etcd is restarted".to_owned());
        Ok(plan)
    }

    /// The new CA, if it is a step's turn.
    fn turn(&self, wanted: RotationStep) -> Result<&Arc<Certificate>, Refusal> {
        match (&self.new, self.begun) {
            (Some(new), Some(begun)) if begun == wanted => Ok(new),
            (_, begun) => {
                let next = begun.unwrap_or(RotationStep::Bundle).name();
                Err(Refusal::new("wrong-step", format!("it is not the turn of {}", wanted.name()))
                    .then(format!("first: pkidoctor regen etcd-ca --step {next}")))
            }
        }
    }
}

/// Who has a copy of etcd's CA that no plan for these files reaches.
const COPIES: &str = "whoever else calls etcd holds a copy of this file (Secrets of Calico, Prometheus, backup jobs; API servers of other machines): it has to be replaced there, too";

fn step(work: Work, notes: Vec<Note>) -> Step {
    Step { kind: RemedyKind::Regen, target: "etcd-ca".to_owned(), work, notes }
}

fn certificates<'n>(node: &'n Node, path: &str) -> impl Iterator<Item = &'n Arc<Certificate>> + use<'n> {
    node.file(path).and_then(File::material).into_iter().flat_map(crate::go::load::Material::parsed)
}

fn serves_etcd(node: &Node) -> bool {
    node.running(Component::Etcd).is_some()
}

/// Refuses where a member of etcd's cluster is not among the nodes that were given.
///
/// # Errors
/// The members that are missing.
pub fn every_member(cluster: &Cluster) -> Result<(), Refusal> {
    let mut named: Vec<String> = Vec::new();
    let mut given: Vec<String> = Vec::new();
    for etcd in cluster.nodes.iter().filter_map(|node| node.running(Component::Etcd)) {
        let text = etcd.flags.value("initial-cluster").unwrap_or_default();
        named.extend(url::parse_initial_cluster(text).into_iter().map(|(name, _)| name));
        given.extend(etcd.flags.value("name").map(str::to_owned));
    }
    let missing: std::collections::BTreeSet<String> = named.into_iter().filter(|name| !given.contains(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<String> = missing.into_iter().collect();
    Err(Refusal::new("nodes-missing", format!("etcd has members whose files are not here: {}", missing.join(", ")))
        .then("give a copy of /etc/kubernetes of each, beside this node's: --pki /etc/kubernetes/pki --pki COPY/pki …"))
}
