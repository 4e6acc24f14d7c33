//! From targets to steps: what kubeadm would issue, with what is right of the old certificate kept.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::check::RemedyKind;
use crate::cluster::manifest::Component;
use crate::cluster::{Cluster, File, KubeconfigFile};
use crate::go::private_key;
use crate::go::verify::{Verifier, rfc3339};
use crate::issue::{Container, KeyKind, Subject, Template};
use crate::links::Link;
use crate::links::reference::Reference;
use crate::profile::{self, Role};
use crate::x509::certificate::Certificate;

use super::names::{Names, names};
use super::{Identity, Issue, KeyFrom, Note, Plan, Refusal, Signer, Step, Target, Work, signer};

/// How certificates are to be made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names and addresses to add.
    pub san: Vec<String>,
    /// Drop the names of the certificate in place that kubeadm would not give it.
    pub only_san: bool,
    /// Which key.
    pub key: KeyChoice,
    /// Days of validity.
    pub days: u32,
    /// The node's name, where no file tells it.
    pub node_name: Option<String>,
    /// The organization of clients, where no file tells it.
    pub organization: Option<String>,
    /// The CA's key may be elsewhere: only requests are made.
    pub without_ca_key: bool,
    /// Take a CA that signed nothing of what is in place.
    pub adopt_ca: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            san: Vec::new(),
            only_san: false,
            key: KeyChoice::Same,
            days: 365,
            node_name: None,
            organization: None,
            without_ca_key: false,
            adopt_ca: false,
        }
    }
}

/// Which key a new certificate is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyChoice {
    /// A new one of the kind that the certificate in place has, else the CA's, else RSA-2048.
    Same,
    /// A new one of this kind.
    Kind(KeyKind),
    /// The one in place.
    InPlace,
}

/// What kubeadm dates back (`timeutil` since 1.31).
const BACKDATED: Duration = Duration::minutes(5);

/// Plans to make targets anew on one node.
///
/// # Errors
/// The first reason why one of them cannot be made.
pub fn regen(
    cluster: &Cluster,
    verifier: &Verifier<'_>,
    links: &[Link],
    node: usize,
    targets: &[Target],
    options: &Options,
) -> Result<Plan, Refusal> {
    let identity = Identity::of(cluster, node, options.node_name.as_deref());
    if options.adopt_ca && targets.iter().any(Target::is_of_etcd) {
        super::every_member(cluster)?;
    }
    let maker = Maker { cluster, verifier, links, node, identity, options };
    let mut plan = Plan::default();
    for target in targets {
        match target {
            Target::Leaf(role) => maker.leaf(*role, &mut plan)?,
            Target::Kubeconfig(name) => maker.kubeconfig(name, &mut plan)?,
            Target::SaPub => maker.sa_pub(&mut plan)?,
        }
    }
    if options.adopt_ca {
        plan.restarts = super::restart::adopted(targets);
    }
    Ok(plan)
}

/// The common name of a target on a node; `None` where it is the node's and nobody tells it.
pub fn common_name(cluster: &Cluster, node: usize, target: Target) -> Option<String> {
    name_of(target, &Identity::of(cluster, node, None))
}

fn name_of(target: Target, identity: &Identity) -> Option<String> {
    let fixed = match target.name() {
        "apiserver" => "kube-apiserver",
        "apiserver-kubelet-client" => "kube-apiserver-kubelet-client",
        "front-proxy-client" => "front-proxy-client",
        "etcd-healthcheck-client" => "kube-etcd-healthcheck-client",
        "apiserver-etcd-client" => "kube-apiserver-etcd-client",
        "admin.conf" => "kubernetes-admin",
        "super-admin.conf" => "kubernetes-super-admin",
        "controller-manager.conf" => "system:kube-controller-manager",
        "scheduler.conf" => "system:kube-scheduler",
        "kubelet.conf" => return identity.kubelet_name.as_ref().map(|name| format!("system:node:{name}")),
        _ => return identity.name.clone(),
    };
    Some(fixed.to_owned())
}

struct Maker<'a> {
    cluster: &'a Cluster,
    verifier: &'a Verifier<'a>,
    links: &'a [Link],
    node: usize,
    identity: Identity,
    options: &'a Options,
}

impl Maker<'_> {
    fn leaf(&self, role: Role, plan: &mut Plan) -> Result<(), Refusal> {
        let (certificate, key) = self.files(role);
        let old = self.old(&certificate);
        let signer = self.signer(role.issuer.unwrap_or_default())?;
        let mut notes = Vec::new();
        let names = if role.server {
            names(
                self.cluster,
                self.links,
                self.node,
                role,
                &self.identity,
                (&certificate, old.as_deref()),
                self.options,
            )?
        } else {
            client_names(old.as_deref())
        };
        let subject = self.subject(role.name, self.common_name(Target::Leaf(role))?, old.as_deref(), &mut notes)?;
        if names.drops {
            plan.questions.push(format!("{} loses names of the certificate in place", role.name));
        }
        let issue = self.issue(
            role.name,
            (role.server, role.client),
            subject,
            names,
            signer,
            old,
            (certificate, key),
            plan,
            notes,
        );
        let (issue, notes) = issue?;
        plan.steps.push(Step {
            kind: RemedyKind::Regen,
            target: role.name.to_owned(),
            work: Work::Pair(Box::new(issue)),
            notes,
        });
        Ok(())
    }

    fn kubeconfig(&self, name: &'static str, plan: &mut Plan) -> Result<(), Refusal> {
        let here = &self.cluster.nodes[self.node];
        let file = here.kubeconfig(name);
        let path = file.map_or_else(|| self.beside_pki(name), |file| file.path.clone());
        let old = file.and_then(|file| file.client_certificate.as_ref()?.parsed().next()).cloned();
        let signer = self.signer("ca")?;
        let mut notes = Vec::new();
        let user = self.common_name(Target::Kubeconfig(name))?;
        let subject = self.subject(name, user.clone(), old.as_deref(), &mut notes)?;
        let ca = self.stale_ca(name, file, &signer);
        if let Some(ca) = ca.as_ref().filter(|_| file.is_some()) {
            notes.push(Note::new("CA", here.shown(ca), "the CA in the kubeconfig does not verify the API server"));
        }
        let server = if file.is_some() {
            None
        } else {
            let (server, sibling) = self.server_of_siblings(name)?;
            notes.push(Note::new("server", &server, format!("as in {sibling}: the file is written anew")));
            Some(server)
        };
        let files = (path.clone(), path);
        let names = client_names(old.as_deref());
        let (issue, notes) = self.issue(name, (false, true), subject, names, signer, old, files, plan, notes)?;
        plan.steps.push(Step {
            kind: RemedyKind::Regen,
            target: name.to_owned(),
            work: Work::Kubeconfig { issue: Box::new(issue), ca, server, user },
            notes,
        });
        Ok(())
    }

    fn sa_pub(&self, plan: &mut Plan) -> Result<(), Refusal> {
        let here = &self.cluster.nodes[self.node];
        let (from, to) = (here.layout("sa.key"), here.layout("sa.pub"));
        let key = here.file(&from).and_then(File::material).and_then(|material| material.keys().next()?.as_ref().ok());
        if key.is_none() {
            return Err(Refusal::new(
                "sa-key-missing",
                "sa.key is not there or does not load, so its public half is unknown",
            )
            .then("copy sa.key from another control-plane node or a backup: a new one makes every token invalid"));
        }
        plan.steps.push(Step {
            kind: RemedyKind::Regen,
            target: "sa.pub".to_owned(),
            work: Work::PublicHalf { from, to },
            notes: vec![Note::new("key", "sa.key", "stays as it is: tokens in use were signed with it")],
        });
        Ok(())
    }

    /// Where a role's pair lies: what a manifest names, unless that is the place of something else.
    fn files(&self, role: Role) -> (String, String) {
        let here = &self.cluster.nodes[self.node];
        let place = |ending: &str| here.layout(&format!("{}.{ending}", role.stem));
        let named = |flag: &str, usual: String| {
            let running = Component::ALL.into_iter().filter_map(|component| here.running(component));
            let mut references = running.map(|running| Reference::flag(self.node, &running, flag));
            let path = references.find_map(|reference| reference.path().map(str::to_owned));
            path.filter(|path| profile::file_role(here.shown(path)).is_none()).unwrap_or(usual)
        };
        match profile::PAIR_FLAGS.into_iter().find(|(_, _, name)| *name == role.name) {
            Some((certificate, key, _)) => (named(certificate, place("crt")), named(key, place("key"))),
            None => (place("crt"), place("key")),
        }
    }

    fn old(&self, path: &str) -> Option<Arc<Certificate>> {
        self.cluster.nodes[self.node].file(path)?.material()?.parsed().next().cloned()
    }

    fn signer(&self, stem: &str) -> Result<Signer, Refusal> {
        signer(self.cluster, self.node, stem, self.options)
    }

    fn common_name(&self, target: Target) -> Result<String, Refusal> {
        name_of(target, &self.identity).ok_or_else(|| {
            let target = target.name();
            let message = format!(
                "this node's name is in no manifest and no kubelet.conf here, so {target} would be made for nobody"
            );
            Refusal::new("identity-unknown", message).then("give it: --node-name NAME")
        })
    }

    /// CN by role; O as in the certificate in place, else by release.
    fn subject(
        &self,
        target: &str,
        common_name: String,
        old: Option<&Certificate>,
        notes: &mut Vec<Note>,
    ) -> Result<Subject, Refusal> {
        if let Some(old) = old.filter(|old| old.subject.common_name() != common_name) {
            let why = format!("the certificate in place says {:?}", old.subject.common_name());
            notes.push(Note::new("common name", &common_name, why));
        }
        let of_same = old.filter(|old| old.subject.common_name() == common_name);
        let kept: Vec<String> = of_same
            .map(|old| old.subject.organizations().iter().map(|o| (*o).to_owned()).collect())
            .unwrap_or_default();
        let organizations = match (&self.options.organization, profile::organizations(target, self.identity.release)) {
            (Some(given), _) => {
                notes.push(Note::new("organization", given, "asked for with --organization"));
                vec![given.clone()]
            }
            (None, _) if !kept.is_empty() => kept,
            (None, Some(known)) => {
                let known: Vec<String> = known.iter().map(|o| (*o).to_owned()).collect();
                if let Some(organization) = known.first() {
                    notes.push(Note::new("organization", organization, "as this release of kubeadm gives it"));
                }
                known
            }
            (None, None) if of_same.is_some() && target != "apiserver-kubelet-client" => kept,
            (None, None) => {
                return Err(Refusal::new("organization-unknown", format!("which group {target} belongs to depends on the release of Kubernetes, and no image tag here tells it"))
                    .then("give it: --organization system:masters (up to 1.28), kubeadm:cluster-admins (1.29 to 1.36.0)"));
            }
        };
        Ok(Subject { common_name, organizations })
    }

    #[expect(clippy::too_many_arguments, reason = "everything that a certificate is made of comes together here")]
    fn issue(
        &self,
        target: &str,
        (server, client): (bool, bool),
        subject: Subject,
        names: Names,
        signer: Signer,
        old: Option<Arc<Certificate>>,
        (certificate, key): (String, String),
        plan: &mut Plan,
        mut notes: Vec<Note>,
    ) -> Result<(Issue, Vec<Note>), Refusal> {
        let (not_before, not_after) = self.validity(&signer, &mut notes);
        let key_from = self.key_from(target, old.as_deref(), &signer, &key, plan, &mut notes)?;
        if let Some(old) = &old {
            usage_note(old, server, client, &mut notes);
        }
        notes.extend(names.notes);
        let template = Template {
            subject,
            dns: names.dns,
            ips: names.ips,
            server,
            client,
            // `NewSignedCert` says that a leaf is no CA since 1.21
            basic_constraints: self.identity.release.is_none_or(|release| release >= (1, 21, 0)),
            not_before,
            not_after,
        };
        let container = self.container(&key);
        Ok((Issue { target: target.to_owned(), template, signer, key_from, container, certificate, key, old }, notes))
    }

    /// Five minutes back, and never past the CA's end.
    fn validity(&self, signer: &Signer, notes: &mut Vec<Note>) -> (OffsetDateTime, OffsetDateTime) {
        let now = self.cluster.now.replace_nanosecond(0).unwrap_or(self.cluster.now);
        let wanted = now.saturating_add(Duration::days(i64::from(self.options.days)));
        let end = signer.certificate.not_after;
        if wanted > end {
            notes.push(Note::new("valid until", rfc3339(end), "cut: the CA ends then"));
        }
        (now.saturating_sub(BACKDATED), wanted.min(end))
    }

    /// The kind of key: asked for, else that of the certificate in place, else the CA's, else RSA-2048.
    fn key_from(
        &self,
        target: &str,
        old: Option<&Certificate>,
        signer: &Signer,
        path: &str,
        plan: &mut Plan,
        notes: &mut Vec<Note>,
    ) -> Result<KeyFrom, Refusal> {
        if self.options.key == KeyChoice::InPlace {
            return self.in_place(target, path, notes).map(|()| KeyFrom::InPlace);
        }
        let kind_of = |certificate: &Certificate| certificate.key.as_ref().and_then(KeyKind::of);
        let same = old.and_then(kind_of);
        let asked = match self.options.key {
            KeyChoice::Kind(kind) => Some(kind),
            KeyChoice::Same | KeyChoice::InPlace => None,
        };
        let kind = asked.or(same).or_else(|| kind_of(&signer.certificate)).unwrap_or(KeyKind::Rsa2048);
        if let Some(before) = old.and_then(|old| old.key.as_ref()).map(crate::x509::key::PublicKey::kind)
            && before != kind.name()
        {
            notes.push(Note::new("key", kind.name(), format!("the certificate in place has {before}")));
            plan.questions.push(format!("{target} gets a key of another type: {} instead of {before}", kind.name()));
        }
        Ok(KeyFrom::New(kind))
    }

    fn in_place(&self, target: &str, path: &str, notes: &mut Vec<Note>) -> Result<(), Refusal> {
        let here = &self.cluster.nodes[self.node];
        let embedded = here.kubeconfig(target).and_then(|file| file.client_key.as_ref());
        let material = embedded.or_else(|| here.file(path)?.material());
        let fault = match material.and_then(|material| material.keys().next()) {
            Some(Ok(_)) => {
                notes.push(Note::new("key", here.shown(path), "kept: --keep-key"));
                return Ok(());
            }
            Some(Err(fault)) => fault.text.clone(),
            None => format!("no private key can be read in {}", here.shown(path)),
        };
        Err(Refusal::new("key-unusable", format!("the key of {target} cannot be kept: {fault}"))
            .then("leave --keep-key away: a new key is made with the certificate"))
    }

    /// PKCS#8 where the key in place is, else as kubeadm writes it.
    fn container(&self, key: &str) -> Option<Container> {
        let material = self.cluster.nodes[self.node].file(key)?.material()?;
        let block = material.pem.blocks.iter().find(|block| block.may_hold_key())?;
        private_key::format(&block.bytes).filter(|format| *format == Container::Pkcs8)
    }

    fn beside_pki(&self, name: &str) -> String {
        let pki = &self.cluster.nodes[self.node].pki;
        let parent = pki.rsplit_once('/').map_or("", |(parent, _)| parent);
        format!("{parent}/{name}")
    }

    /// The CA file, where what the kubeconfig trusts does not verify the API server but this does.
    fn stale_ca(&self, name: &str, file: Option<&KubeconfigFile>, signer: &Signer) -> Option<String> {
        let ca = Some(signer.certificate_file.clone());
        if file.is_none() {
            return ca;
        }
        let id = format!("{name}->kube-apiserver");
        let link = self.links.iter().find(|link| link.node == self.node && link.id == id)?;
        let served = self.old(link.server_pair.as_ref()?.certificate.path()?)?;
        // with a CA that becomes the cluster's own, what is served will be of it
        let verifies = self.options.adopt_ca
            || served.issuer.raw == signer.certificate.subject.raw
                && self.verifier.check_signature(&served, &signer.certificate).is_ok();
        let trust = link.client_trust.as_ref();
        let is_ours = |known: &&Arc<Certificate>| known.raw == signer.certificate.raw;
        let knows = trust
            .and_then(|trust| trust.material(self.cluster))
            .is_some_and(|pool| pool.trusted().any(|known| is_ours(&known)));
        if verifies && !knows { ca } else { None }
    }

    /// Where the other kubeconfigs of this node find the API server.
    fn server_of_siblings(&self, name: &str) -> Result<(String, &'static str), Refusal> {
        let here = &self.cluster.nodes[self.node];
        let local = matches!(name, "controller-manager.conf" | "scheduler.conf");
        let order = if local {
            ["scheduler.conf", "controller-manager.conf", "admin.conf", "kubelet.conf"]
        } else {
            ["admin.conf", "super-admin.conf", "kubelet.conf", "controller-manager.conf"]
        };
        let server = |sibling: &'static str| {
            let current = here.kubeconfig(sibling)?.parsed.as_ref().ok()?.current().ok()?;
            Some((current.cluster.ok()?.server.as_ref()?.it.clone(), sibling))
        };
        order.into_iter().find_map(server).ok_or_else(|| {
            Refusal::new(
                "server-unknown",
                format!("{name} does not exist, and no other kubeconfig here tells where the API server is"),
            )
            .then(format!("kubeadm init phase kubeconfig {} --config FILE", name.trim_end_matches(".conf")))
        })
    }
}

/// A client's certificate names nobody; what the old one had goes without harm.
fn client_names(old: Option<&Certificate>) -> Names {
    let dropped = old.into_iter().flat_map(|old| old.names.dns.clone());
    Names {
        notes: dropped.map(|name| Note::new("name", name, "dropped: nobody dials a client")).collect(),
        ..Names::default()
    }
}

/// Says where the usages of the certificate in place are put right rather than copied.
fn usage_note(old: &Certificate, server: bool, client: bool, notes: &mut Vec<Note>) {
    use crate::x509::oid;
    for (wanted, usage, name) in
        [(server, oid::EKU_SERVER_AUTH, "serverAuth"), (client, oid::EKU_CLIENT_AUTH, "clientAuth")]
    {
        let has = old.usages.iter().any(|known| known == usage);
        if wanted && !has {
            notes.push(Note::new("usage", name, "added: the role needs it"));
        } else if has && !wanted {
            notes.push(Note::new("usage", name, "dropped: not of this role"));
        }
    }
}
