//! What to do where `regen` would refuse: a remedy that is typed as it stands must not be turned down.
//!
//! The planner itself is asked; its reason says what comes before `regen`, or in its place.

use std::sync::Arc;

use crate::check::{Remedy, RemedyKind};
use crate::checks::{ca_differs_between_nodes, ca_key_mismatch, key_mismatch, load, words};
use crate::cluster::kubeconfig::{Kubeconfig, Source};
use crate::cluster::{File, State};
use crate::exam::Exam;
use crate::links::etcd::Etcd;
use crate::links::reference::Reference;
use crate::links::tokens::keys_in;
use crate::plan::{self, Options, Refusal, Target};
use crate::profile::{self, KUBECONFIGS};
use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;
use crate::x509::signature;

/// Codes of leaves that need nothing else than the CA that signed them.
const ORPHANS: [&str; 3] = ["ca-regenerated", "signed-by-other-ca", "ca-renamed"];

/// The remedy that takes the place of a `regen` which would be refused; `None` where it would not be.
pub(crate) fn instead(exam: &Exam<'_>, code: &str, node: usize, remedy: &Remedy) -> Option<Remedy> {
    let [name] = remedy.targets.as_slice() else { return None };
    let target = Target::named(name).ok()?;
    if remedy.command.as_ref() != Some(&command(target)) {
        return None;
    }
    let case = Case { exam, node, target };
    // making it anew would succeed, from a CA that the other nodes refuse
    if let Some(mut steps) = ca_differs_between_nodes::odd_one_out(exam, node, case.stem()).filter(|_| name != "sa.pub")
    {
        steps.push(load::restart());
        if !ORPHANS.contains(&code) {
            steps.push(format!("then: {}", command(target)));
            steps.extend(further(remedy));
        }
        return Some(by_hand(steps, remedy));
    }
    let refusal = match case.plan(&Options::default()) {
        Ok(()) => return case.move_away(remedy),
        Err(refusal) if refusal.code == "not-allowed" => return None,
        Err(refusal) => refusal,
    };
    if let Some(remedy) = case.requests(&refusal, remedy) {
        return Some(remedy);
    }
    let mut steps = case.before(&refusal);
    let kind = match refusal.code {
        "ca-replaced" => old_ca_back(exam, node, case.stem()).kind,
        _ => RemedyKind::Manual,
    };
    if !ORPHANS.contains(&code) || refusal.code != "ca-replaced" {
        steps.extend(case.then(&refusal));
        steps.extend(further(remedy));
    }
    if refusal.code == "ca-replaced" {
        steps.extend(case.adoption());
    }
    Some(Remedy { kind, ..by_hand(steps, remedy) })
}

fn command(target: Target) -> String {
    format!("pkidoctor regen {} --backup", target.name())
}

/// The steps beside the command, but for the way of kubeadm, which would not ask whether the CA is the right one.
fn further(remedy: &Remedy) -> impl Iterator<Item = String> {
    remedy.steps.iter().filter(|step| !step.starts_with("by hand")).cloned()
}

fn by_hand(steps: Vec<String>, remedy: &Remedy) -> Remedy {
    Remedy { kind: RemedyKind::Manual, command: None, steps, ..remedy.clone() }
}

struct Case<'e, 'c> {
    exam: &'e Exam<'c>,
    node: usize,
    target: Target,
}

impl Case<'_, '_> {
    fn plan(&self, options: &Options) -> Result<(), Refusal> {
        let exam = self.exam;
        plan::regen(exam.cluster, exam.verifier, exam.links, self.node, &[self.target], options).map(drop)
    }

    /// The CA that signs the target.
    fn stem(&self) -> &'static str {
        match self.target {
            Target::Leaf(role) => role.issuer.unwrap_or_default(),
            Target::Kubeconfig(_) | Target::SaPub => "ca",
        }
    }

    /// A kubeconfig in which there is nothing to replace is written anew, once it is out of the way.
    fn move_away(&self, remedy: &Remedy) -> Option<Remedy> {
        let Target::Kubeconfig(name) = self.target else { return None };
        let here = &self.exam.cluster.nodes[self.node];
        let file = here.kubeconfig(name)?;
        if file.parsed.as_ref().is_ok_and(has_credentials) {
            return None;
        }
        let others = here.kubeconfigs.iter().filter(|other| other.name != name && KUBECONFIGS.contains(&&*other.name));
        let tells_server = others.filter_map(|other| other.parsed.as_ref().ok()).any(|other| server(other).is_some());
        let path = words::quoted(&file.path);
        let mut steps = vec![format!("mv {path} {}", words::quoted(&format!("{}.broken", file.path)))];
        steps.push(if tells_server {
            command(self.target)
        } else {
            format!("kubeadm init phase kubeconfig {} --config FILE", name.trim_end_matches(".conf"))
        });
        steps.extend(further(remedy));
        Some(by_hand(steps, remedy))
    }

    /// Requests, where the CA's key is elsewhere by design.
    fn requests(&self, refusal: &Refusal, remedy: &Remedy) -> Option<Remedy> {
        let (cluster, stem) = (self.exam.cluster, self.stem());
        let here = &cluster.nodes[self.node];
        let has_key = |stem: &str| here.file(&here.layout(&format!("{stem}.key"))).and_then(File::material).is_some();
        let is_external = stem == "etcd/ca" && Etcd::on(cluster, self.node).is_none()
            || !["ca", "etcd/ca", "front-proxy-ca"].into_iter().any(has_key);
        let is_given = cluster
            .nodes
            .iter()
            .any(|other| other.file(&other.layout(&format!("{stem}.key"))).and_then(File::material).is_some());
        let options = Options { without_ca_key: true, ..Options::default() };
        if refusal.code != "ca-key-missing" || !is_external || is_given || self.plan(&options).is_err() {
            return None;
        }
        let name = self.target.name();
        let mut steps = vec![
            format!(
                "have requests/{name}.csr signed where the key of {stem}.crt is kept, and put what comes back beside it as requests/{name}.crt"
            ),
            format!("pkidoctor regen {name} --install requests"),
        ];
        steps.extend(further(remedy));
        Some(Remedy { command: Some(format!("pkidoctor regen {name} --csr requests")), steps, ..remedy.clone() })
    }

    /// What has to be right first.
    fn before(&self, refusal: &Refusal) -> Vec<String> {
        let (exam, stem) = (self.exam, self.stem());
        let authority = Reference::layout(exam.cluster, self.node, &format!("{stem}.crt"));
        match refusal.code {
            "ca-replaced" => old_ca_back(exam, self.node, stem).steps,
            "ca-missing" | "not-a-ca" => load::restore_ca(exam, &authority).steps,
            "ca-expired" => words::renew_ca(exam, self.node, &authority.subject(exam.cluster)).steps,
            "ca-key-missing" | "ca-key-mismatch" | "ca-key-unusable" => {
                ca_key_mismatch::bring_key(exam, self.node, &format!("{stem}.key")).steps
            }
            "identity-unknown" | "organization-unknown" => Vec::new(),
            _ => refusal.way_out.clone(),
        }
    }

    /// And then.
    fn then(&self, refusal: &Refusal) -> Vec<String> {
        let command = command(self.target);
        match refusal.code {
            "identity-unknown" => vec![format!("{command} --node-name NAME, as kubectl get nodes calls this machine")],
            "organization-unknown" => {
                [format!("{command} --organization GROUP")].into_iter().chain(refusal.way_out.clone()).collect()
            }
            // the way out is another command
            "server-unknown" => Vec::new(),
            "ca-key-missing" => vec![
                format!("then: {command}"),
                "if the CA is external on purpose, have requests signed there: pkidoctor regen TARGET --csr DIR"
                    .to_owned(),
            ],
            _ => vec![format!("then: {command}")],
        }
    }

    /// The other way, where the CA in place is whole: make it the cluster's own.
    fn adoption(&self) -> Option<String> {
        let options = Options { adopt_ca: true, ..Options::default() };
        plan::signer(self.exam.cluster, self.node, self.stem(), &options).ok()?;
        let targets = adopted(self.stem());
        let certificate = format!("{}.crt", self.stem());
        Some(format!(
            "only where the old CA is lost for good: pkidoctor regen {targets} --adopt-ca --backup makes everything anew from the {certificate} in place; every node needs that same CA and the restarts that it names"
        ))
    }
}

/// What has to be made anew where a CA becomes the cluster's own.
pub(super) fn adopted(stem: &str) -> &'static str {
    match stem {
        "etcd/ca" => "etcd",
        "front-proxy-ca" => "front-proxy-client",
        _ => "apiserver apiserver-kubelet-client admin.conf controller-manager.conf scheduler.conf kubelet.conf",
    }
}

fn has_credentials(file: &Kubeconfig) -> bool {
    let Ok(current) = file.current() else { return false };
    let (Ok(_), Ok(user)) = (current.cluster, current.user) else { return false };
    !matches!((&user.client_certificate.source, &user.client_key.source), (Source::Absent, Source::Absent))
}

fn server(file: &Kubeconfig) -> Option<&str> {
    Some(&file.current().ok()?.cluster.ok()?.server.as_ref()?.it)
}

/// Leaves in place that a CA of this stem has to have signed.
pub(super) fn children<'c>(exam: &Exam<'c>, node: usize, stem: &str) -> Vec<&'c Arc<Certificate>> {
    children_named(exam, node, stem).into_iter().map(|(_, leaf)| leaf).collect()
}

/// The same with the targets that make them anew.
pub(super) fn children_named<'c>(
    exam: &Exam<'c>,
    node: usize,
    stem: &str,
) -> Vec<(&'static str, &'c Arc<Certificate>)> {
    let target = |subject: &str| match subject.split_once('#') {
        Some((file, part)) if stem == "ca" && part.starts_with("client") => {
            KUBECONFIGS.into_iter().find(|name| file.rsplit('/').next() == Some(*name))
        }
        Some(_) => None,
        None => profile::role_of(subject).filter(|role| role.issuer == Some(stem)).map(|role| role.name),
    };
    let own = exam.certificates().iter().filter(|(at, _, _, leaf)| *at == node && !leaf.is_self_issued());
    own.filter_map(|(_, subject, _, leaf)| Some((target(subject)?, *leaf))).collect()
}

/// Nothing is overwritten that may be wanted again.
pub(super) fn keep(path: &str) -> String {
    let kept = words::quoted(&format!("{path}.replaced"));
    format!("keep what lies there now: cp -p {} {kept}", words::quoted(path))
}

/// Puts the CA back that signed what is in place, from wherever the given trees still have it.
pub(super) fn old_ca_back(exam: &Exam<'_>, node: usize, stem: &str) -> Remedy {
    let here = &exam.cluster.nodes[node];
    let (certificate, key) = (here.layout(&format!("{stem}.crt")), here.layout(&format!("{stem}.key")));
    let children = children(exam, node, stem);
    let signs = |ca: &Arc<Certificate>| {
        let signed = |child: &&&Arc<Certificate>| {
            child.issuer.raw == ca.subject.raw && exam.verifier.check_signature(child, ca).is_ok()
        };
        ca.may_sign() && children.iter().any(|child| signed(&child))
    };
    let found =
        exam.certificates().iter().filter(|(at, _, path, ca)| (*at, *path) != (node, &*certificate) && signs(ca));
    // the nearest: a file here, a kubeconfig here, another node
    let found = found.min_by_key(|(at, place, _, _)| (*at != node, place.contains('#')));
    let is_there = |path: &str| here.file(path).is_some_and(|file| !matches!(file.state, State::Missing { .. }));
    let in_place = here.file(&key).and_then(File::material).and_then(|file| file.keys().next()?.as_ref().ok());
    let key_is_right = in_place.is_some_and(|key| children.iter().any(|child| signed_with(child, key)));
    let mut steps = Vec::new();
    let aside = [(&certificate, true), (&key, !key_is_right)];
    for (path, _) in aside.into_iter().filter(|(path, moves)| *moves && is_there(path)) {
        steps.push(keep(path));
    }
    let Some((at, place, path, ca)) = found else {
        steps.push(format!("put the old {stem}.crt back, from a backup or from another control-plane node; pkidoctor restore lists the backups that this program made"));
        if !key_is_right {
            steps.push(format!("put the key that belongs to it back as {stem}.key, mode 0600"));
        }
        steps.push(load::restart());
        return Remedy::manual(steps);
    };
    steps.push(bring(exam, (*at, place, path), node, &certificate));
    if !key_is_right {
        let of_it = ca.key.as_ref().and_then(|wanted| key_mismatch::key_like(exam, *at, wanted));
        steps.push(match of_it {
            Some((place, from)) => bring(exam, (*at, &place, &from), node, &key),
            None => format!("put the key that belongs to it back as {stem}.key, mode 0600"),
        });
    }
    steps.push(load::restart());
    let kind = if *at == node && !place.contains('#') { RemedyKind::PutBack } else { RemedyKind::Manual };
    Remedy { kind, ..Remedy::manual(steps) }
}

/// The command that brings a file, or the CA out of a kubeconfig, to its place on a node: where it is, how reports
/// name it there, and its path.
pub(super) fn bring(exam: &Exam<'_>, (at, place, from): (usize, &str, &str), node: usize, to: &str) -> String {
    // what a node is called is as much a file's word as a path is
    let other = (at != node).then(|| format!("root@{}", exam.cluster.nodes[at].name));
    let (here, to) = (words::quoted(from), words::quoted(to));
    match (other, place.contains('#')) {
        (None, false) => format!("cp -p {here} {to}"),
        (Some(other), false) => format!("scp -p {} {to}", words::quoted(&format!("{other}:{from}"))),
        (None, true) => format!("{} > {to}", authority_of(&here)),
        (Some(other), true) => {
            format!("ssh {} {} > {to}", words::quoted(&other), words::quoted(&authority_of(&here)))
        }
    }
}

/// Prints the CA that a kubeconfig holds.
fn authority_of(kubeconfig: &str) -> String {
    format!(
        "kubectl --kubeconfig {kubeconfig} config view --raw --minify -o jsonpath='{{.clusters[0].cluster.certificate-authority-data}}' | base64 -d"
    )
}

fn signed_with(child: &Certificate, key: &PublicKey) -> bool {
    signature::verifies(child.algorithm, key, child.tbs_bytes(), &child.signature)
}

/// Brings the key of service accounts from a given node that has the one whose public half verifies here; any, where
/// nothing here verifies.
pub(super) fn sa_key_back(exam: &Exam<'_>, node: usize) -> Option<Vec<String>> {
    let here = &exam.cluster.nodes[node];
    let verifiers = here.file(&here.layout("sa.pub")).and_then(File::material).map(keys_in).unwrap_or_default();
    let key_at = |other: &usize| {
        let there = &exam.cluster.nodes[*other];
        let key = there.file(&there.layout("sa.key")).and_then(File::material)?.keys().next()?.as_ref().ok()?;
        (verifiers.is_empty() || verifiers.contains(key)).then(|| there.layout("sa.key"))
    };
    let others = (0..exam.cluster.nodes.len()).filter(|other| *other != node);
    let (other, from) = others.into_iter().find_map(|other| Some((other, key_at(&other)?)))?;
    let to = here.layout("sa.key");
    let is_there = here.file(&to).is_some_and(|file| !matches!(file.state, State::Missing { .. }));
    let mut steps: Vec<String> = is_there.then(|| keep(&to)).into_iter().collect();
    steps.push(bring(exam, (other, "sa.key", &from), node, &to));
    Some(steps)
}
