//! The body of evidence that checks look at: cluster, judged links, and why each link fails.
//!
//! A reason is a refusal or load fault with a code and a subject: which file is guilty. Each check owns
//! a code; so a broken link always has its explanation and no two checks tell the same story.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::check::Severity;
use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, File, Node, State};
use crate::go::handshake::{Complaint, Refusal, Side};
use crate::go::load::{Half, Material, PairFault};
use crate::go::parse::certificate;
use crate::go::private_key::KeyFaultKind;
use crate::go::verify::{Dates, Rejection, SignatureError, Verifier, VerifyError};
use crate::links::etcd::Port;
use crate::links::reference::{FaultKind, LoadFault, Loaded, Origin, PairReference, Place, Reference, load_pair};
use crate::links::revocation;
use crate::links::signing::{self, Signing};
use crate::links::{Link, OtherKind, OtherRefusal, Weight};
use crate::live::{Live, SeenLink};
use crate::profile;
use crate::x509::certificate::Certificate;
use crate::x509::pem::Shape;

/// What the user may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Days before a leaf's end at which a warning begins.
    pub expiry_warning: i64,
    /// Likewise for a CA.
    pub ca_expiry_warning: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self { expiry_warning: 30, ca_expiry_warning: 180 }
    }
}

/// Everything that a check may see.
pub struct Exam<'c> {
    /// What was read.
    pub cluster: &'c Cluster,
    /// Go's rules at the instant of judgement.
    pub verifier: &'c Verifier<'c>,
    /// Every link, judged.
    pub links: &'c [Link],
    /// Why links fail.
    pub reasons: Vec<Reason<'c>>,
    /// What came of the links live, if anybody dialled them.
    pub live: Option<&'c Live<'c>>,
    /// Thresholds.
    pub options: Options,
    certificates: Vec<Sighting<'c>>,
    used: Vec<Used<'c>>,
    signing: Vec<Signing>,
    signing_faults: Vec<(usize, LoadFault)>,
    files_on_links: (usize, usize),
}

/// A parsed certificate where it lies: node, subject in reports, path on the node, certificate.
pub type Sighting<'c> = (usize, String, &'c str, &'c Arc<Certificate>);

/// One reason why one link fails.
pub struct Reason<'c> {
    /// The check that tells it.
    pub code: &'static str,
    /// Index of the link.
    pub link: usize,
    /// Who refuses, or whose file does not load.
    pub side: Side,
    /// The guilty file's node.
    pub node: usize,
    /// The guilty file as reports name it.
    pub subject: String,
    /// The guilty file.
    pub guilty: Option<Reference>,
    /// The pair that is shown, where the reason is about one.
    pub pair: Option<PairReference>,
    /// What is trusted, where the reason is about a chain.
    pub trust: Option<Reference>,
    /// The guilty certificate, where one is.
    pub certificate: Option<Arc<Certificate>>,
    /// The reason itself.
    pub why: Why<'c>,
}

/// Where a [`Reason`] comes from.
#[derive(Clone, Copy)]
pub enum Why<'c> {
    /// A side refuses.
    Refusal(&'c Refusal),
    /// A file does not load.
    Fault(&'c LoadFault),
    /// Schemes, tokens, kubeconfigs.
    Other(&'c OtherRefusal),
}

impl<'c> Why<'c> {
    /// The complaint of Go's verification, if it is one.
    pub fn verify_error(self) -> Option<&'c VerifyError> {
        match self {
            Self::Refusal(Refusal { complaint: Complaint::Verify(error), .. }) => Some(error),
            _ => None,
        }
    }
}

/// Reasons with the same code, node and subject: one finding.
pub struct Group<'e, 'c> {
    /// The node.
    pub node: usize,
    /// The subject.
    pub subject: &'e str,
    /// All of them; at least one.
    pub reasons: Vec<&'e Reason<'c>>,
}

impl<'e, 'c> Group<'e, 'c> {
    /// The first reason.
    pub fn first(&self) -> &'e Reason<'c> {
        self.reasons[0]
    }

    /// Indices of the links concerned, each once.
    pub fn links(&self) -> Vec<usize> {
        let mut links: Vec<usize> = self.reasons.iter().map(|reason| reason.link).collect();
        links.sort_unstable();
        links.dedup();
        links
    }

    /// Go's words in all of its reasons, each once.
    pub fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for reason in &self.reasons {
            let text = match reason.why {
                Why::Fault(fault) => fault.text.clone(),
                Why::Refusal(refusal) if refusal.by == Side::Client => refusal.client_error.clone(),
                Why::Refusal(refusal) => refusal.server_error.clone(),
                Why::Other(other) => {
                    other.server_error.clone().or_else(|| other.client_error.clone()).unwrap_or_default()
                }
            };
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    }
}

impl<'c> Exam<'c> {
    /// Gathers the reasons of every link.
    pub fn new(cluster: &'c Cluster, verifier: &'c Verifier<'c>, links: &'c [Link], options: Options) -> Self {
        Self::with_live(cluster, verifier, links, None, options)
    }

    /// The same with what was seen of the links live.
    pub fn with_live(
        cluster: &'c Cluster,
        verifier: &'c Verifier<'c>,
        links: &'c [Link],
        live: Option<&'c Live<'c>>,
        options: Options,
    ) -> Self {
        let mut exam = Self {
            cluster,
            verifier,
            links,
            reasons: Vec::new(),
            live,
            options,
            certificates: Vec::new(),
            used: Vec::new(),
            signing: signing::pairs(cluster),
            signing_faults: Vec::new(),
            files_on_links: (0, 0),
        };
        // nearly every check asks for these
        exam.certificates = exam.find_certificates();
        exam.used = exam.find_used();
        exam.files_on_links = exam.count_files_on_links();
        let mut reasons = Vec::new();
        for (index, link) in links.iter().enumerate() {
            reasons.extend(link.faults.iter().map(|(side, fault)| exam.fault_reason(index, *side, fault)));
            reasons.extend(link.refusals.iter().map(|refusal| exam.refusal_reason(index, link, refusal)));
            reasons.extend(link.other.iter().map(|other| exam.other_reason(index, link, other)));
        }
        exam.reasons = reasons;
        exam.signing_faults = exam.find_signing_faults();
        exam
    }

    /// The instant of judgement.
    pub fn now(&self) -> OffsetDateTime {
        self.cluster.now
    }

    /// Reasons of a code, one group per finding.
    pub fn groups(&self, code: &str) -> Vec<Group<'_, 'c>> {
        let mut groups: Vec<Group<'_, 'c>> = Vec::new();
        for reason in self.reasons.iter().filter(|reason| reason.code == code) {
            match groups.iter_mut().find(|group| group.node == reason.node && group.subject == reason.subject) {
                Some(group) => group.reasons.push(reason),
                None => groups.push(Group { node: reason.node, subject: &reason.subject, reasons: vec![reason] }),
            }
        }
        groups
    }

    /// By law: an error when a vital link is among them, else a warning; info on no link at all.
    pub fn severity(&self, links: &[usize]) -> Severity {
        if links.is_empty() {
            Severity::Info
        } else if links.iter().any(|link| self.links[*link].weight == Weight::Vital) {
            Severity::Error
        } else {
            Severity::Warning
        }
    }

    /// Every link that was dialled: its index, itself, what was seen of it.
    pub fn seen(&self) -> impl Iterator<Item = (usize, &'c Link, &'c SeenLink<'c>)> {
        let live = self.live.map_or(&[][..], |live| &live.links);
        let all = self.links.iter().zip(live).enumerate();
        all.filter_map(|(index, (link, live))| Some((index, link, live.seen()?)))
    }

    /// Indices of the links that use a file.
    pub fn links_using(&self, node: usize, path: &str) -> Vec<usize> {
        let uses =
            |link: &Link| link.references().any(|reference| reference.node == node && reference.path() == Some(path));
        (0..self.links.len()).filter(|index| uses(&self.links[*index])).collect()
    }

    /// Whether any link uses a file.
    pub fn is_on_link(&self, node: usize, path: &str) -> bool {
        !self.links_using(node, path).is_empty()
    }

    /// Whether anything speaks of this file as a reason why a link fails.
    pub fn has_reason(&self, node: usize, subject: &str) -> bool {
        self.reasons.iter().any(|reason| reason.node == node && reason.subject == subject)
    }

    /// How many files links use, and how many more of them cannot be seen.
    pub fn files_on_links(&self) -> (usize, usize) {
        self.files_on_links
    }

    fn count_files_on_links(&self) -> (usize, usize) {
        let references = self.links.iter().flat_map(Link::references);
        let files: BTreeMap<(usize, &str), bool> = references
            .filter_map(|reference| {
                let is_hidden = reference.file(self.cluster).is_some_and(Self::is_hidden);
                Some(((reference.node, reference.path()?), is_hidden))
            })
            .collect();
        let hidden = files.values().filter(|is_hidden| **is_hidden).count();
        (files.len() - hidden, hidden)
    }

    /// What kube-controller-manager and kubeadm sign with.
    pub fn signing(&self) -> &[Signing] {
        &self.signing
    }

    /// Signing pairs that do not load; what a link stumbles over as well is left to that link.
    pub fn signing_faults(&self) -> impl Iterator<Item = (&Signing, &LoadFault)> {
        self.signing_faults.iter().map(|(index, fault)| (&self.signing[*index], fault))
    }

    fn find_signing_faults(&self) -> Vec<(usize, LoadFault)> {
        let faults = self.signing.iter().enumerate().filter_map(|(index, signing)| {
            let Loaded::Failed(fault) = load_pair(self.cluster, &signing.pair) else { return None };
            let told = self.has_reason(fault.guilty.node, &self.blamed(&fault).1);
            (!told).then_some((index, fault))
        });
        faults.collect()
    }

    /// Every file of every node, with the node's index.
    pub fn files(&self) -> impl Iterator<Item = (usize, &'c File)> {
        let cluster = self.cluster;
        cluster.nodes.iter().enumerate().flat_map(|(index, node)| node.files.values().map(move |file| (index, file)))
    }

    /// Every file with PEM in it: node, path as reports show it, path on the node, content.
    pub fn materials(&self) -> impl Iterator<Item = (usize, String, &'c str, &'c Material)> {
        let cluster = self.cluster;
        let files = self.files().filter_map(move |(node, file)| {
            let material = file.material()?;
            Some((node, cluster.nodes[node].shown(&file.path).to_owned(), file.path.as_str(), material))
        });
        let embedded = cluster.nodes.iter().enumerate().flat_map(|(index, node)| {
            node.kubeconfigs.iter().flat_map(move |file| {
                let shown = node.shown(&file.path);
                let parts = [("client", &file.client_certificate), ("ca", &file.ca)];
                parts.into_iter().filter_map(move |(part, material)| {
                    Some((index, format!("{shown}#{part}"), file.path.as_str(), material.as_ref()?))
                })
            })
        });
        files.chain(embedded)
    }

    /// Every parsed certificate, wherever it lies.
    pub fn certificates(&self) -> &[Sighting<'c>] {
        &self.certificates
    }

    fn find_certificates(&self) -> Vec<Sighting<'c>> {
        let mut all = Vec::new();
        for (node, shown, path, material) in self.materials() {
            let several = material.certificates().count() > 1;
            for (number, parsed) in material.certificates() {
                let subject = if several { format!("{shown}#{number}") } else { shown.clone() };
                if let Ok(certificate) = parsed {
                    all.push((node, subject, path, certificate));
                }
            }
        }
        all
    }

    /// The `regen` target that makes the file behind a reference anew: by its place in the layout, the flag
    /// that names it, or the kubeconfig that holds it.
    pub fn regen_target(&self, reference: &Reference) -> Option<&'static str> {
        let node = &self.cluster.nodes[reference.node];
        if let Place::Embedded { path, .. } = &reference.place {
            let name = path.rsplit('/').next().unwrap_or_default();
            return profile::KUBECONFIGS.into_iter().find(|known| *known == name);
        }
        let by_flag = match &reference.origin {
            Origin::Flag { flag, .. } => profile::pair_of(flag).map(|(_, _, role)| role.name),
            _ => None,
        };
        let by_place = || {
            let role = profile::role_of(node.shown(reference.path()?))?;
            role.issuer.map(|_| role.name)
        };
        by_flag.or_else(by_place)
    }

    fn reason(
        &self,
        code: &'static str,
        link: usize,
        side: Side,
        guilty: Option<Reference>,
        why: Why<'c>,
    ) -> Reason<'c> {
        let node = guilty.as_ref().map_or(self.links[link].node, |reference| reference.node);
        let subject = guilty.as_ref().map_or_else(String::new, |reference| reference.subject(self.cluster));
        Reason { code, link, side, node, subject, guilty, pair: None, trust: None, certificate: None, why }
    }

    fn fault_reason(&self, link: usize, side: Side, fault: &'c LoadFault) -> Reason<'c> {
        let (guilty, subject) = self.blamed(fault);
        let mut reason = self.reason(self.fault_code(fault), link, side, Some(guilty), Why::Fault(fault));
        reason.pair.clone_from(&fault.pair);
        reason.subject = subject;
        reason
    }

    /// The file that a load fault is held against, and how reports name what is wrong.
    pub fn blamed(&self, fault: &LoadFault) -> (Reference, String) {
        let mut guilty = fault.guilty.clone();
        // the right certificate is in the file, only not in the first place: the key is innocent
        if let (Some(pair), "wrong-certificate-first") = (&fault.pair, self.fault_code(fault)) {
            guilty = pair.certificate.clone();
        }
        let subject = match &fault.kind {
            FaultKind::Permission(Some(directory)) => Some(self.cluster.nodes[guilty.node].shown(directory).to_owned()),
            // what a flag names and the container cannot see, or a flag that is missing, is the manifest's fault
            FaultKind::NotMounted(_) => fault.guilty.flag_subject(self.cluster),
            _ if fault.guilty.is_unset() => fault.guilty.flag_subject(self.cluster),
            _ => None,
        };
        let subject = subject.unwrap_or_else(|| guilty.subject(self.cluster));
        (guilty, subject)
    }

    /// The check that tells a load fault.
    pub fn fault_code(&self, fault: &LoadFault) -> &'static str {
        // the kubelet's own link to its newest certificate: nobody makes it by hand
        if fault.guilty.path().is_some_and(|path| path.ends_with("/kubelet-client-current.pem"))
            && !matches!(fault.kind, FaultKind::Permission(_))
        {
            return "kubelet-current-broken";
        }
        let shape = fault.guilty.material(self.cluster).map(|material| material.pem.shape);
        let empty = matches!(shape, Some(Shape::Empty | Shape::Blank));
        match &fault.kind {
            FaultKind::Missing => match fault.guilty.origin {
                Origin::Flag { .. } => "manifest-path-missing",
                Origin::Kubeconfig { .. } => "kubeconfig-path-missing",
                Origin::Layout => "file-missing",
            },
            FaultKind::NotMounted(_) => "path-not-mounted",
            FaultKind::Directory => "file-is-directory",
            FaultKind::Special(_) => "file-not-regular",
            FaultKind::TooLarge => "file-too-large",
            FaultKind::LinkLoop => "link-loop",
            FaultKind::Permission(_) => "permission-denied",
            FaultKind::Base64(_) => "kubeconfig-malformed",
            FaultKind::Configuration => self.configuration_code(fault),
            FaultKind::Pair(pair) => match pair {
                PairFault::NoPem(_) if empty => "file-empty",
                PairFault::NoPem(_) => "not-pem",
                PairFault::KeyInPlaceOfCertificate | PairFault::CertificateInPlaceOfKey => "pair-swapped",
                PairFault::WrongLabels(..) => "wrong-pem-label",
                PairFault::Certificate(text) => malformed_code(text),
                PairFault::Key(key) => match key.kind {
                    KeyFaultKind::Encrypted => "encrypted-key",
                    KeyFaultKind::Inconsistent => "key-inconsistent",
                    KeyFaultKind::Unsupported => "unsupported-key",
                    KeyFaultKind::Malformed => "malformed-key",
                },
                PairFault::TypeMismatch | PairFault::Mismatch if self.fits_a_later_certificate(fault) => {
                    "wrong-certificate-first"
                }
                PairFault::TypeMismatch => "key-type-mismatch",
                PairFault::Mismatch => "key-mismatch",
                PairFault::UnknownAlgorithm => "unsupported-key",
            },
            FaultKind::Pool(pool) => match pool.label.as_deref() {
                Some(label) if label.ends_with("PRIVATE KEY") => "ca-file-with-key",
                Some("CERTIFICATE") => malformed_code(
                    pool.text.trim_start_matches("unable to load root certificates: failed to parse certificate: "),
                ),
                Some(_) => "wrong-pem-label",
                None if empty => "file-empty",
                None => "ca-pool-empty",
            },
        }
    }

    fn configuration_code(&self, fault: &LoadFault) -> &'static str {
        match (&fault.guilty.origin, &fault.pair) {
            (Origin::Kubeconfig { .. }, _) => "kubeconfig-incomplete",
            (Origin::Flag { flag, .. }, _) if flag.starts_with("service-account") => self.token_file_code(fault),
            (Origin::Flag { .. }, _) => "partial-flags",
            (Origin::Layout, _) if fault.guilty.path().is_some_and(|path| path.ends_with(".conf")) => {
                "kubeconfig-malformed"
            }
            (Origin::Layout, _) => self.token_file_code(fault),
        }
    }

    fn token_file_code(&self, fault: &LoadFault) -> &'static str {
        let Some(material) = fault.guilty.material(self.cluster) else { return "malformed-key" };
        match material.pem.shape {
            Shape::Empty | Shape::Blank => "file-empty",
            _ if material.pem.blocks.is_empty() => "not-pem",
            _ if material.keys().any(|key| key.as_ref().is_err_and(|fault| fault.kind == KeyFaultKind::Encrypted)) => {
                "encrypted-key"
            }
            _ => "malformed-key",
        }
    }

    /// Whether the key belongs to a certificate of the file that is not the first.
    fn fits_a_later_certificate(&self, fault: &LoadFault) -> bool {
        let Some(pair) = &fault.pair else { return false };
        let (Some(certificates), Some(keys)) =
            (pair.certificate.material(self.cluster), pair.key.material(self.cluster))
        else {
            return false;
        };
        let Some(Ok(key)) = keys.keys().next() else { return false };
        certificates.parsed().skip(1).any(|certificate| certificate.key.as_ref() == Some(key))
    }

    fn refusal_reason(&self, index: usize, link: &'c Link, refusal: &'c Refusal) -> Reason<'c> {
        // who is complained about shows a pair; who complains trusts something
        let (pair, trust) = match refusal.by {
            Side::Client => (&link.server_pair, &link.client_trust),
            Side::Server => (&link.client_pair, &link.server_trust),
        };
        let shown = pair.as_ref().map(|pair| pair.certificate.clone());
        let mut reason = self.reason("chain-refused", index, refusal.by, shown.clone(), Why::Refusal(refusal));
        reason.pair.clone_from(pair);
        reason.trust.clone_from(trust);
        let leaf = shown
            .as_ref()
            .and_then(|shown| shown.material(self.cluster))
            .and_then(|material| material.parsed().next().cloned());
        reason.certificate.clone_from(&leaf);
        match &refusal.complaint {
            Complaint::Verify(error) => self.verify_reason(&mut reason, error, leaf.as_ref()),
            Complaint::NoCertificate => {
                reason.code = "client-certificate-missing";
                let flag = link.client_pair.as_ref().and_then(|pair| pair.certificate.flag_subject(self.cluster));
                reason.subject = flag.unwrap_or_else(|| reason.subject.clone());
            }
            Complaint::Unparsable(text) => {
                reason.code = malformed_code(text);
                self.point_at_malformed(&mut reason);
            }
            Complaint::TooLarge(_) => reason.code = "rsa-too-large",
            Complaint::CannotSign(text) => {
                reason.code = if text.contains("curve") { "unsupported-key" } else { "rsa-too-small" };
                // a side that cannot sign refuses with its own pair
                let own = if refusal.by == Side::Server { &link.server_pair } else { &link.client_pair };
                self.blame_pair(&mut reason, own.as_ref());
            }
            Complaint::NotAllowed => reason.code = "allowed-name-mismatch",
            Complaint::PeerAddress { .. } => reason.code = "peer-address-not-in-san",
            Complaint::NotInList { .. } => reason.code = "request-header-names",
        }
        let about_names = ["san-missing", "san-ip-as-dns", "cn-only", "peer-address-not-in-san"].contains(&reason.code);
        if about_names && leaf.is_some_and(|leaf| self.is_another_nodes(&leaf, reason.node, &reason.subject)) {
            reason.code = "copied-from-other-node";
        }
        reason
    }

    /// Whether a leaf was made for another given node, which has it too.
    fn is_another_nodes(&self, leaf: &Certificate, node: usize, subject: &str) -> bool {
        let names = |node: &Node| leaf.subject.common_name() == node.name || leaf.names.dns.contains(&node.name);
        let shows = |node: &Node| {
            node.file(&node.layout(subject))
                .and_then(File::material)
                .and_then(|material| material.parsed().next().cloned())
        };
        let others = self.cluster.nodes.iter().enumerate().filter(|(other, _)| *other != node);
        let mut owners =
            others.filter(|(_, other)| names(other) && shows(other).is_some_and(|shown| shown.raw == leaf.raw));
        !names(&self.cluster.nodes[node]) && owners.next().is_some()
    }

    fn blame_pair(&self, reason: &mut Reason<'c>, pair: Option<&PairReference>) {
        let Some(pair) = pair else { return };
        reason.node = pair.certificate.node;
        reason.subject = pair.certificate.subject(self.cluster);
        reason.guilty = Some(pair.certificate.clone());
        reason.pair = Some(pair.clone());
    }

    /// The further certificate of a chain that does not parse.
    fn point_at_malformed(&self, reason: &mut Reason<'c>) {
        let Some(material) = reason.guilty.as_ref().and_then(|guilty| guilty.material(self.cluster)) else { return };
        if let Some((number, _)) = material.certificates().find(|(_, parsed)| parsed.is_err()) {
            reason.subject = format!("{}#{number}", reason.subject);
        }
    }

    fn verify_reason(&self, reason: &mut Reason<'c>, error: &VerifyError, leaf: Option<&Arc<Certificate>>) {
        let as_client = reason.side == Side::Server;
        reason.code = match error {
            VerifyError::UnhandledCriticalExtension(guilty) => {
                self.blame(reason, guilty, leaf);
                "unknown-critical-extension"
            }
            VerifyError::Dates { certificate, end, .. } => {
                self.blame(reason, certificate, leaf);
                if *end == Dates::Expired { "expired" } else { "not-yet-valid" }
            }
            VerifyError::Hostname(error)
                if error.common_name_only || leaf.is_some_and(|leaf| has_common_name_only(leaf)) =>
            {
                "cn-only"
            }
            VerifyError::Hostname(error) => {
                let as_dns = leaf.is_some_and(|leaf| leaf.names.dns.contains(&error.host));
                if error.is_address && as_dns { "san-ip-as-dns" } else { "san-missing" }
            }
            VerifyError::UnknownAuthority { certificate, hint } => {
                self.unknown_authority(reason, certificate, hint.as_ref(), leaf)
            }
            VerifyError::NotAuthorizedToSign(guilty) => {
                self.blame(reason, guilty, leaf);
                "issuer-not-ca"
            }
            VerifyError::TooManyIntermediates(guilty) => {
                self.blame(reason, guilty, leaf);
                "path-length-exceeded"
            }
            VerifyError::IncompatibleUsage(guilty) => {
                let guilty = guilty.as_ref().or(leaf);
                let is_leaf = guilty.is_none_or(|guilty| leaf.is_some_and(|leaf| leaf.raw == guilty.raw));
                if let Some(guilty) = guilty {
                    self.blame(reason, guilty, leaf);
                }
                match (is_leaf, as_client) {
                    (false, _) => "ca-usage-limits",
                    (true, true) => "missing-client-auth",
                    (true, false) => "missing-server-auth",
                }
            }
            VerifyError::NameConstraint(_) => "name-constraint-violated",
            VerifyError::NoValidChains(_) => "certificate-policies-invalid",
            VerifyError::Other(text) if text.contains("parse") => "name-constraint-violated",
            VerifyError::Other(_) => "chain-refused",
        };
    }

    /// Points a reason at the file in which the guilty certificate stands: the shown pair or the trusted CA.
    fn blame(&self, reason: &mut Reason<'c>, guilty: &Arc<Certificate>, leaf: Option<&Arc<Certificate>>) {
        reason.certificate = Some(Arc::clone(guilty));
        if leaf.is_some_and(|leaf| leaf.raw == guilty.raw) {
            return;
        }
        let shown = reason.pair.as_ref().map(|pair| pair.certificate.clone());
        // the CA stands in the trust file; only what is nowhere there can be an intermediate that was sent
        for reference in [reason.trust.clone(), shown].into_iter().flatten() {
            let Some(material) = reference.material(self.cluster) else { continue };
            let several = material.certificates().count() > 1;
            let found =
                material.certificates().find(|(_, parsed)| parsed.as_ref().is_ok_and(|known| known.raw == guilty.raw));
            let Some((number, _)) = found else { continue };
            let subject = reference.subject(self.cluster);
            reason.subject = if several { format!("{subject}#{number}") } else { subject };
            reason.node = reference.node;
            reason.guilty = Some(reference);
            return;
        }
    }

    /// Which of the many ways to an unknown authority it is.
    fn unknown_authority(
        &self,
        reason: &mut Reason<'c>,
        child: &Arc<Certificate>,
        hint: Option<&(Arc<Certificate>, Rejection)>,
        leaf: Option<&Arc<Certificate>>,
    ) -> &'static str {
        if self.blame_passed_over(reason, child) {
            return "ca-pool-partial";
        }
        if let Some((candidate, rejection)) = hint {
            return match rejection {
                Rejection::Signature(SignatureError::NotACa) => {
                    self.blame(reason, candidate, leaf);
                    "issuer-not-ca"
                }
                Rejection::Signature(SignatureError::Insecure(..)) => "sha1-signature",
                Rejection::Signature(SignatureError::WeakKey(_)) => {
                    self.blame(reason, candidate, leaf);
                    "rsa-too-small"
                }
                Rejection::Signature(SignatureError::Unsupported) if candidate.key.is_none() => {
                    self.blame(reason, candidate, leaf);
                    "unsupported-key"
                }
                Rejection::Signature(_) if self.blame_other_ca(reason, child) => "ca-differs-between-nodes",
                Rejection::Signature(_) => {
                    self.blame_trust(reason, child);
                    "ca-regenerated"
                }
                Rejection::Invalid(_) => "chain-refused",
            };
        }
        let Some(trust) = reason.trust.clone().filter(|trust| !trust.is_unset()) else {
            if let Some(flag) = reason.trust.as_ref().and_then(|trust| trust.flag_subject(self.cluster)) {
                reason.subject = flag;
            }
            return "system-roots";
        };
        let pool: Vec<Arc<Certificate>> =
            trust.material(self.cluster).map(|material| material.trusted().cloned().collect()).unwrap_or_default();
        if pool.is_empty() {
            reason.node = trust.node;
            reason.subject = trust.subject(self.cluster);
            reason.guilty = Some(trust);
            return "ca-pool-empty";
        }
        // Go passes over a CA whose key it does not know, without a word
        let keyless = |ca: &&Arc<Certificate>| ca.subject.raw == child.issuer.raw && ca.key.is_none();
        if let Some(ca) = pool.iter().find(keyless) {
            self.blame(reason, ca, leaf);
            return "unsupported-key";
        }
        let mut namesakes = pool.iter().filter(|ca| ca.subject.to_string() == child.issuer.to_string()).peekable();
        if namesakes.peek().is_some() {
            // a CA that was made anew by another tool differs in both; then the key is what counts
            let signed = namesakes.any(|ca| self.verifier.check_signature(child, ca).is_ok());
            return match signed {
                true => "name-encoding-differs",
                false if self.blame_other_ca(reason, child) => "ca-differs-between-nodes",
                false => "ca-regenerated",
            };
        }
        if pool.iter().any(|ca| self.verifier.check_signature(child, ca).is_ok()) {
            return "ca-renamed";
        }
        if pool.iter().all(|ca| !ca.may_sign() && !ca.is_self_issued()) {
            reason.node = trust.node;
            // a flag that names a leaf's own file, or a CA's file that holds a leaf
            let of_leaf =
                trust.path().map(|path| self.cluster.nodes[trust.node].shown(path)).and_then(profile::role_of);
            let of_leaf = of_leaf.is_some_and(|role| role.issuer.is_some());
            reason.subject = if of_leaf { self.blamed_trust(&trust) } else { trust.subject(self.cluster) };
            reason.guilty = Some(trust);
            return "ca-file-is-leaf";
        }
        if self.has_path_through_tree(child, &pool) {
            return "issuer-missing";
        }
        if self.blame_other_ca(reason, child) {
            return "ca-differs-between-nodes";
        }
        self.blame_trust(reason, child);
        "signed-by-other-ca"
    }

    /// Blames a file that holds the issuer, but in a block that Go passes over.
    fn blame_passed_over(&self, reason: &mut Reason<'c>, child: &Arc<Certificate>) -> bool {
        let signs = |ca: &Certificate| {
            ca.subject.raw == child.issuer.raw && self.verifier.check_signature(child, &Arc::new(ca.clone())).is_ok()
        };
        let holds = |reference: &Reference| {
            let Some(material) = reference.material(self.cluster) else { return false };
            let mut passed_over =
                material.pem.salvaged.iter().filter_map(|block| certificate(&block.bytes, self.cluster.go).ok());
            material.trusted().next().is_some() && passed_over.any(|ca| signs(&ca))
        };
        let shown = reason.pair.as_ref().map(|pair| pair.certificate.clone());
        let Some(guilty) = [reason.trust.clone(), shown].into_iter().flatten().find(holds) else { return false };
        reason.node = guilty.node;
        reason.subject = guilty.subject(self.cluster);
        reason.guilty = Some(guilty);
        true
    }

    /// Blames the CA file of the node that trusts when another given node keeps, in the same place, the CA that
    /// did sign.
    fn blame_other_ca(&self, reason: &mut Reason<'c>, child: &Arc<Certificate>) -> bool {
        let (Some(trust), Some(pair)) = (reason.trust.clone(), &reason.pair) else { return false };
        let Some(home) = self.own_ca(&pair.certificate) else { return false };
        let relative = home.subject(self.cluster);
        if matches!(trust.place, Place::Embedded { .. }) || trust.subject(self.cluster) != relative {
            return false;
        }
        let signs = |ca: &Arc<Certificate>| {
            ca.subject.raw == child.issuer.raw && self.verifier.check_signature(child, ca).is_ok()
        };
        let others = (0..self.cluster.nodes.len()).filter(|node| *node != trust.node);
        let mut others = others.map(|node| Reference::layout(self.cluster, node, &relative));
        let differs =
            others.any(|other| other.material(self.cluster).is_some_and(|material| material.parsed().any(signs)));
        if differs {
            reason.node = trust.node;
            reason.subject = relative;
            reason.guilty = Some(trust);
        }
        differs
    }

    /// Whether a certificate somewhere in the tree would complete the chain to one of these.
    fn has_path_through_tree(&self, child: &Arc<Certificate>, pool: &[Arc<Certificate>]) -> bool {
        self.certificates().iter().any(|(_, _, _, middle)| {
            !middle.is_self_issued()
                && middle.subject.raw == child.issuer.raw
                && self.verifier.check_signature(child, middle).is_ok()
                && pool.iter().any(|root| {
                    middle.issuer.raw == root.subject.raw && self.verifier.check_signature(middle, root).is_ok()
                })
        })
    }

    /// Blames the trust, not the leaf, when the leaf chains to the CA that its role has on this node and only
    /// this consumer was given another one.
    fn blame_trust(&self, reason: &mut Reason<'c>, child: &Arc<Certificate>) {
        let (Some(trust), Some(pair)) = (&reason.trust, &reason.pair) else { return };
        let own_ca = self.own_ca(&pair.certificate);
        let Some(own_ca) = own_ca.filter(|own| own.path() != trust.path() || trust.node != own.node) else { return };
        let signs = |ca: &Arc<Certificate>| {
            ca.subject.raw == child.issuer.raw && self.verifier.check_signature(child, ca).is_ok()
        };
        let chains_home = own_ca.material(self.cluster).is_some_and(|material| material.parsed().any(signs));
        if chains_home && trust.path().is_some() {
            reason.node = trust.node;
            reason.subject = self.blamed_trust(trust);
            reason.guilty = Some(trust.clone());
        }
    }

    /// A flag that names the wrong file is guilty, not the file, which others use rightly.
    fn blamed_trust(&self, trust: &Reference) -> String {
        let flag = trust.flag_subject(self.cluster).filter(|_| matches!(trust.origin, Origin::Flag { .. }));
        flag.unwrap_or_else(|| trust.subject(self.cluster))
    }

    /// The CA file that kubeadm's layout keeps for the role of a certificate.
    pub fn own_ca(&self, certificate: &Reference) -> Option<Reference> {
        let stem = match self.regen_target(certificate)? {
            name if name.ends_with(".conf") => "ca",
            name => profile::named(name)?.issuer?,
        };
        Some(Reference::layout(self.cluster, certificate.node, &format!("{stem}.crt")))
    }

    fn other_reason(&self, index: usize, link: &'c Link, other: &'c OtherRefusal) -> Reason<'c> {
        let code = match other.kind {
            OtherKind::TlsToPlain | OtherKind::PlainToTls => "scheme-mismatch",
            OtherKind::UnknownSigner => "sa-key-mismatch",
            OtherKind::NoCredentials => "kubeconfig-no-credentials",
            OtherKind::InsecureWithCa => "kubeconfig-insecure",
            OtherKind::SaidTwice => "kubeconfig-both",
            OtherKind::NoServer => "kubeconfig-incomplete",
            OtherKind::ListMissing => "crl-missing",
            OtherKind::ListUnusable => "crl-unusable",
            OtherKind::Revoked => "certificate-revoked",
        };
        let guilty = link.client_pair.as_ref().map(|pair| pair.certificate.clone());
        let mut reason = self.reason(code, index, Side::Client, guilty, Why::Other(other));
        reason.pair.clone_from(&link.client_pair);
        reason.trust.clone_from(&link.client_trust);
        if matches!(other.kind, OtherKind::ListMissing | OtherKind::ListUnusable) {
            let lists = link.server_node.map(|node| revocation::lists(self.cluster, node)).unwrap_or_default();
            if let Some(list) = lists.into_iter().find(|list| list.is_asked(link)) {
                (reason.node, reason.subject) = (list.file.node, list.file.subject(self.cluster));
                reason.guilty = Some(list.file);
            }
        }
        if let Some((node, subject)) = self.plain_side(link, other.kind) {
            (reason.node, reason.subject) = (node, subject);
        }
        if matches!(
            other.kind,
            OtherKind::NoCredentials | OtherKind::InsecureWithCa | OtherKind::SaidTwice | OtherKind::NoServer
        ) {
            let name = link.id.split("->").next().unwrap_or_default();
            let node = &self.cluster.nodes[link.node];
            reason.subject =
                node.kubeconfig(name).map_or_else(|| name.to_owned(), |file| node.shown(&file.path).to_owned());
        }
        if other.kind == OtherKind::UnknownSigner {
            reason.subject =
                link.server_pair.as_ref().map(|pair| pair.certificate.subject(self.cluster)).unwrap_or_default();
            reason.guilty = link.server_pair.as_ref().map(|pair| pair.certificate.clone());
        }
        reason
    }

    /// Where it stands that one side of a link speaks plain text: node and subject.
    fn plain_side(&self, link: &Link, kind: OtherKind) -> Option<(usize, String)> {
        let port = if link.id.starts_with("etcd-peer") { Port::Peer } else { Port::Client };
        let (node, component, flag) = match kind {
            OtherKind::PlainToTls if link.id.ends_with("->kube-apiserver") => {
                let node = &self.cluster.nodes[link.node];
                let file = node.kubeconfig(link.id.trim_end_matches("->kube-apiserver"))?;
                return Some((link.node, node.shown(&file.path).to_owned()));
            }
            OtherKind::PlainToTls if link.id.starts_with("kube-apiserver->") => {
                (link.node, Component::KubeApiserver, "etcd-servers")
            }
            OtherKind::PlainToTls => (link.server_node?, Component::Etcd, port.advertise_flag()),
            OtherKind::TlsToPlain => (link.server_node?, Component::Etcd, port.listen_flag()),
            _ => return None,
        };
        let here = &self.cluster.nodes[node];
        Some((node, format!("{}:--{flag}", here.shown(here.running(component)?.manifest))))
    }

    /// Whether a file's state hides it from this process.
    pub fn is_hidden(file: &File) -> bool {
        matches!(file.state, State::Unobserved | State::Unreadable(_))
    }

    /// Which half of a pair a fault lies in.
    pub fn half(fault: &LoadFault) -> Option<Half> {
        let pair = fault.pair.as_ref()?;
        Some(if pair.key == fault.guilty { Half::Key } else { Half::Certificate })
    }
}

/// A certificate that links use, with every place on its node where they find it.
pub struct Used<'c> {
    /// The node.
    pub node: usize,
    /// Subjects in reports, files before kubeconfigs; at least one.
    pub places: Vec<String>,
    /// The certificate.
    pub certificate: &'c Arc<Certificate>,
    /// Indices of the links.
    pub links: Vec<usize>,
}

impl<'c> Exam<'c> {
    /// Every certificate that a link uses, each once per node: copies of a CA in kubeconfigs are one.
    pub fn used(&self) -> &[Used<'c>] {
        &self.used
    }

    fn find_used(&self) -> Vec<Used<'c>> {
        let mut all: Vec<Used<'c>> = Vec::new();
        for &(node, ref subject, path, certificate) in self.certificates() {
            let links = self.links_using(node, path);
            if links.is_empty() {
                continue;
            }
            match all.iter_mut().find(|used| used.node == node && used.certificate.raw == certificate.raw) {
                Some(used) => {
                    used.places.push(subject.clone());
                    used.links.extend(links);
                    used.links.sort_unstable();
                    used.links.dedup();
                }
                None => all.push(Used { node, places: vec![subject.clone()], certificate, links }),
            }
        }
        all
    }

    /// A used certificate in its role on a link, for what makes it anew.
    pub fn role_of(&self, used: &Used<'_>) -> Option<&Reference> {
        let links = used.links.iter().map(|link| &self.links[*link]);
        let mut references = links.flat_map(Link::references);
        references
            .find(|reference| reference.node == used.node && used.places.contains(&reference.subject(self.cluster)))
    }

    /// Where certificates lie that signed `child`: node and subject in reports.
    pub fn signers(&self, child: &Arc<Certificate>) -> Vec<(usize, String)> {
        let signed = |ca: &Arc<Certificate>| {
            ca.subject.raw == child.issuer.raw && self.verifier.check_signature(child, ca).is_ok()
        };
        let all = self.certificates().iter();
        all.filter(|(_, _, _, ca)| signed(ca)).map(|(node, subject, _, _)| (*node, subject.clone())).collect()
    }
}

/// Neither address nor DNS name: whatever is dialled, only the common name could have held it.
fn has_common_name_only(leaf: &Certificate) -> bool {
    leaf.names.dns.is_empty() && leaf.names.ip.is_empty() && !leaf.subject.common_name().is_empty()
}

fn malformed_code(text: &str) -> &'static str {
    if text == "x509: negative serial number" { "negative-serial" } else { "malformed-certificate" }
}
