//! Replacing etcd's CA: a step prepared in memory, and what running processes have to prove before it.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::cluster::manifest::Component;
use crate::cluster::url::{self, Endpoint};
use crate::go::load::Material;
use crate::go::verify::{SignatureCache, Verifier};
use crate::links::reference::PairReference;
use crate::links::{self, Link};
use crate::plan::{self, KeyChoice, Refusal, Rotation, RotationStep, Target};
use crate::read;

use super::bench::{Keys, PATIENT};
use super::live::{Served, Shown};
use super::{Prescription, Refused, Setting, good, harmless, prescription, start};

/// Prepares one step of the rotation of etcd's CA; `None` for the one whose turn it is, to be looked at.
///
/// # Errors
/// When it is not its turn, cannot be done, or would do harm.
pub fn rotate(setting: &Setting, step: Option<RotationStep>, options: &plan::Options) -> Result<Prescription, Refused> {
    let start = start(setting)?;
    let options = plan::Options { adopt_ca: true, without_ca_key: false, ..options.clone() };
    let signer = plan::signer(&start.cluster, PATIENT, "etcd/ca", &options)?;
    let rotation = Rotation::of(&start.cluster, PATIENT, &signer);
    let step = step.or(rotation.begun).unwrap_or(RotationStep::Bundle);
    let kind = match options.key {
        KeyChoice::Kind(kind) => Some(kind),
        KeyChoice::Same | KeyChoice::InPlace => None,
    };
    let mut plan = rotation.plan(&start.cluster, step, kind)?;
    let mut bench = start.after(setting, &plan.steps, Keys::for_plan(&plan)?)?;
    if step == RotationStep::Leaves {
        let targets = Target::meant("etcd", &bench.cluster, PATIENT)?;
        let leaves = bench.plan(&targets, &options)?;
        bench = bench.after(setting, &leaves.steps, Keys::for_plan(&leaves)?)?;
        plan.steps.extend(leaves.steps);
        plan.questions.extend(leaves.questions);
    }
    harmless(&start, &bench)?;
    good(&bench)?;
    let needs = (step != RotationStep::Bundle).then_some(step);
    Ok(Prescription { rotation: needs, ..prescription(&start, plan, bench, Vec::new()) })
}

/// What has to be seen of running processes before a step may be done: files do not tell what they have in memory.
#[derive(Default)]
pub struct Proof {
    /// Pairs of the new CA, each of which who runs there has to take.
    pub accepts: Vec<Shown>,
    /// What has to be served there.
    pub serves: Vec<Served>,
    /// API servers, each of which has to be younger than the bundle on its node.
    pub younger: Vec<Younger>,
}

/// An API server that has to be younger than a file.
pub struct Younger {
    /// Its node.
    pub node: String,
    /// Where it answers; its metrics tell when it was started.
    pub endpoint: Endpoint,
    /// As whom it is asked.
    pub link: Link,
    /// When the bundle was written there.
    pub than: OffsetDateTime,
}

impl Prescription {
    /// What has to be proved before it is carried out; `None` where nothing has to.
    ///
    /// # Errors
    /// When there is nobody who could prove it.
    pub fn proof(&self) -> Result<Option<Proof>, Refusal> {
        let Some(step) = self.rotation else { return Ok(None) };
        let cluster = &self.bench.cluster;
        let signatures = SignatureCache::default();
        let verifier = Verifier { go: cluster.go, now: cluster.now, signatures: &signatures };
        let links = links::judge(cluster, &verifier);
        let mut proof = Proof::default();
        for link in links.iter().filter(|link| link.node == PATIENT && link.id.contains("->etcd")) {
            let Some(endpoint) = &link.dials else { continue };
            proof.accepts.extend(self.shown_by(link, endpoint));
            if step == RotationStep::Drop {
                proof.serves.extend(self.served_by(link, endpoint));
            }
        }
        proof.serves.dedup();
        proof.younger = self.younger(links)?;
        if proof.accepts.is_empty() {
            return Err(unproved("no file tells where etcd answers"));
        }
        Ok(Some(proof))
    }

    fn shown_by(&self, link: &Link, endpoint: &Endpoint) -> Option<Shown> {
        let pair = link.client_pair.as_ref()?;
        let (certificate, key) = (self.now_or_then(&pair.certificate)?, self.now_or_then(&pair.key)?);
        Some(Shown { link: link.id.clone(), endpoint: endpoint.clone(), certificate, key })
    }

    fn served_by(&self, link: &Link, endpoint: &Endpoint) -> Option<Served> {
        let PairReference { certificate, .. } = link.server_pair.as_ref()?;
        let text = self.now_or_then(certificate)?;
        let leaf = Material::read(&text, self.bench.cluster.go).parsed().next()?.raw.clone();
        Some(Served { endpoint: endpoint.clone(), leaf })
    }

    /// What a file of any node will hold.
    fn now_or_then(&self, reference: &links::reference::Reference) -> Option<Arc<zeroize::Zeroizing<Vec<u8>>>> {
        let path = reference.path()?;
        let changed = if reference.node == PATIENT { self.content(path) } else { None };
        changed.or_else(|| read::again(&self.bench.request, &self.bench.cluster, reference.node, path).map(Arc::new))
    }

    /// Each API server of the given nodes, by its own address.
    fn younger(&self, mut links: Vec<Link>) -> Result<Vec<Younger>, Refusal> {
        let mut all = Vec::new();
        for (index, node) in self.bench.cluster.nodes.iter().enumerate() {
            let Some(running) = node.running(Component::KubeApiserver) else { continue };
            let host = running.flags.value("advertise-address");
            let port = running.flags.value("secure-port").map_or(Some(6443), |port| port.parse::<u16>().ok());
            let asks = links.iter().position(|link| link.node == index && link.id == "admin.conf->kube-apiserver");
            let (Some(host), Some(port), Some(asks)) = (host, port, asks) else {
                return Err(unproved(&format!("when kube-apiserver of {} was started cannot be asked", node.name)));
            };
            // where the last step is done already, what it wrote is what has to be read
            let files = [node.layout("etcd/ca-next.crt"), node.layout("etcd/ca.crt")];
            let since = files.iter().find_map(|path| self.written(index, path));
            let than = since
                .ok_or_else(|| unproved(&format!("{} has neither etcd/ca-next.crt nor etcd/ca.crt", node.name)))?;
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            let endpoint = url::parse(&format!("https://{host}:{port}")).map_err(|why| unproved(&why))?;
            all.push(Younger { node: node.name.clone(), endpoint, link: links.swap_remove(asks), than });
        }
        if all.is_empty() {
            return Err(unproved("no kube-apiserver is among these files")
                .then("give the control-plane nodes' files, too: --pki PATH for each"));
        }
        Ok(all)
    }

    /// When a file was written, before this repair.
    fn written(&self, node: usize, path: &str) -> Option<OffsetDateTime> {
        let meta = self.start.nodes.get(node)?.file(path)?.meta.as_ref()?;
        OffsetDateTime::from_unix_timestamp(meta.modified?).ok()
    }
}

fn unproved(why: &str) -> Refusal {
    Refusal::new("not-proved", format!("whether everybody trusts the new CA cannot be proved: {why}"))
}
