//! A tree as some steps would leave it: steps are carried out in memory and looked at by the same checks as ever.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::Digest as _;
use zeroize::Zeroizing;

use crate::cluster::{Cluster, Meta, State};
use crate::exam;
use crate::go::GoVersion;
use crate::go::load::Material;
use crate::go::parse;
use crate::go::verify::{SignatureCache, Verifier};
use crate::issue::{self, Authority, KeyKind, MatchedPair, PrivateKey, certificate_pem, request};
use crate::links;
use crate::plan::{self, Edit, Fields, Issue, KeyFrom, NewAuthority, Plan, Refusal, Step, Target, Work};
use crate::read::{self, Projected, Request};
use crate::report::{self, Filter, Report};
use crate::x509::certificate::Certificate;

use super::clean;
use super::{Setting, WrongSetting};

/// The node that is repaired: the first of those given.
pub(super) const PATIENT: usize = 0;

/// One file that is to become another.
#[derive(Clone)]
pub(super) struct FileChange {
    /// Its path on the node.
    pub(super) path: String,
    /// Where it is on this machine, links followed.
    pub(super) destination: PathBuf,
    /// SHA-256 of what is there; `None` for nothing.
    pub(super) before: Option<[u8; 32]>,
    /// What will be; `None` for nothing.
    pub(super) bytes: Option<Arc<Zeroizing<Vec<u8>>>>,
    /// Permission bits.
    pub(super) mode: u32,
    /// Owner and group.
    pub(super) owner: (u32, u32),
}

impl FileChange {
    /// Whether the same bytes are there already.
    pub(super) fn is_void(&self) -> bool {
        let after: Option<[u8; 32]> = self.bytes.as_ref().map(|bytes| sha2::Sha256::digest(bytes.as_slice()).into());
        self.before == after
    }
}

/// Keys that were made ahead: nobody waits for one twice.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) made: Vec<(KeyKind, PrivateKey)>,
    /// Where keys and what was signed for them lie, instead of being made here.
    pub(super) signed_elsewhere: Option<PathBuf>,
}

/// A key and a request for a certificate.
pub struct Requested {
    /// The target.
    pub target: String,
    /// The key, as PEM.
    pub key: Zeroizing<Vec<u8>>,
    /// The request, as PEM.
    pub request: Vec<u8>,
}

impl Keys {
    /// Makes every key of a plan, on all cores.
    pub(super) fn for_plan(plan: &Plan) -> Result<Self, Refusal> {
        let kinds: Vec<KeyKind> = plan.steps.iter().filter_map(|step| new_key(&step.work)).collect();
        let keys = PrivateKey::generate_many(&kinds).map_err(|error| no_key(&error))?;
        Ok(Self { made: kinds.into_iter().zip(keys).collect(), signed_elsewhere: None })
    }

    fn take(&mut self, kind: KeyKind) -> Result<PrivateKey, Refusal> {
        match self.made.iter().position(|(known, _)| *known == kind) {
            Some(at) => Ok(self.made.swap_remove(at).1),
            None => PrivateKey::generate(kind).map_err(|error| no_key(&error)),
        }
    }
}

fn no_key(error: &issue::KeyError) -> Refusal {
    Refusal::new("no-key", format!("no key can be made: {error}"))
}

fn new_key(work: &Work) -> Option<KeyKind> {
    match work {
        Work::Pair(issue) | Work::Kubeconfig { issue, .. } => match issue.key_from {
            KeyFrom::New(kind) => Some(kind),
            KeyFrom::InPlace => None,
        },
        Work::NewAuthority(authority) => Some(authority.kind),
        _ => None,
    }
}

/// A tree, real or as it would be.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) request: Request,
    pub(super) cluster: Arc<Cluster>,
    pub(super) report: Arc<Report>,
    pub(super) changes: Vec<FileChange>,
}

impl Bench {
    /// The tree as it is.
    pub(super) fn new(setting: &Setting) -> Result<Self, WrongSetting> {
        Self::read(setting, setting.request.clone(), Vec::new())
    }

    fn read(setting: &Setting, request: Request, changes: Vec<FileChange>) -> Result<Self, WrongSetting> {
        let cluster = read::cluster(&request, setting.now, setting.go)?;
        let report = report::examine(&cluster, &exam::Options::default(), &Filter::default());
        Ok(Self { request, cluster: Arc::new(cluster), report: Arc::new(report), changes })
    }

    /// What making targets anew would take here.
    pub(super) fn plan(&self, targets: &[Target], options: &plan::Options) -> Result<Plan, Refusal> {
        let signatures = SignatureCache::default();
        let verifier = Verifier { go: self.cluster.go, now: self.cluster.now, signatures: &signatures };
        let links = links::judge(&self.cluster, &verifier);
        plan::regen(&self.cluster, &verifier, &links, PATIENT, targets, options)
    }

    /// The tree after several steps.
    pub(super) fn after<'s>(
        &self,
        setting: &Setting,
        steps: impl IntoIterator<Item = &'s Step>,
        mut keys: Keys,
    ) -> Result<Self, Refusal> {
        steps.into_iter().try_fold(self.clone(), |bench, step| bench.after_one(setting, step, &mut keys))
    }

    fn after_one(&self, setting: &Setting, step: &Step, keys: &mut Keys) -> Result<Self, Refusal> {
        let files = self.made(step, keys)?;
        let mut changes = self.changes.clone();
        let mut projection = self.request.projection.as_ref().clone();
        for file in files {
            let change = self.change(file)?;
            projection.insert(
                change.destination.clone(),
                Projected { mode: change.mode, owner: change.owner, bytes: change.bytes.clone() },
            );
            match changes.iter_mut().find(|known| known.destination == change.destination) {
                Some(known) => *known = FileChange { before: known.before, ..change },
                None => changes.push(change),
            }
        }
        let request = Request { projection: Arc::new(projection), ..self.request.clone() };
        Self::read(setting, request, changes).map_err(|error| Refusal::new("unreadable", error.to_string()))
    }

    fn change(&self, file: Made) -> Result<FileChange, Refusal> {
        let destination = read::destination(&self.request, &self.cluster, PATIENT, &file.path)
            .map_err(|why| not_writable(&file.path, &why))?;
        match self.cluster.nodes[PATIENT].file(&file.path).map(|there| &there.state) {
            Some(State::Special(what)) => return Err(not_writable(&file.path, &format!("it is a {what}"))),
            Some(State::TooLarge(_)) => return Err(not_writable(&file.path, "it is too large to be kept in a backup")),
            _ => {}
        }
        let meta = self.meta(&file.path);
        let like = meta.or_else(|| self.meta(&file.like)).map_or((0, 0), |meta| (meta.uid, meta.gid));
        let before = self.bytes(&file.path).ok().map(|bytes| sha2::Sha256::digest(bytes.as_slice()).into());
        let usual = if file.path.ends_with(".crt") { 0o644 } else { 0o600 };
        let mode = file.mode.or_else(|| meta.map(|meta| meta.mode)).unwrap_or(usual);
        Ok(FileChange { path: file.path, destination, before, bytes: file.bytes.map(Arc::new), mode, owner: like })
    }

    fn meta(&self, path: &str) -> Option<&Meta> {
        self.cluster.nodes[PATIENT].file(path)?.meta.as_ref()
    }

    /// The bytes of a file of the patient.
    fn bytes(&self, path: &str) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        read::again(&self.request, &self.cluster, PATIENT, path)
            .ok_or_else(|| Refusal::new("unreadable", format!("{path} cannot be read")))
    }

    /// A key and a request for it, for each certificate of a plan, by target: for a CA whose key is elsewhere.
    pub(super) fn requests(&self, plan: &Plan) -> Result<Vec<Requested>, Refusal> {
        let mut keys = Keys::for_plan(plan)?;
        let mut all = Vec::new();
        for step in &plan.steps {
            let (Work::Pair(issue) | Work::Kubeconfig { issue, .. }) = &step.work else { continue };
            let key = match issue.key_from {
                KeyFrom::New(kind) => keys.take(kind)?,
                KeyFrom::InPlace => self.key_in_place(issue)?,
            };
            let request = request(&issue.template, &key)
                .map_err(|error| Refusal::new("not-issued", format!("no request for {}: {error}", step.target)))?;
            all.push(Requested { target: step.target.clone(), key: key_pem(issue, &key)?, request });
        }
        Ok(all)
    }

    fn made(&self, step: &Step, keys: &mut Keys) -> Result<Vec<Made>, Refusal> {
        match &step.work {
            Work::Pair(issue) => self.pair(issue, keys),
            Work::Kubeconfig { issue, ca, server, user } => {
                self.kubeconfig(issue, ca.as_deref(), server.as_deref(), user, keys).map(|made| vec![made])
            }
            Work::PublicHalf { from, to } => self.public_half(from, to).map(|made| vec![made]),
            Work::PutBack(files) => files.iter().map(|(from, to)| Ok(Made::new(to, self.bytes(from)?, from))).collect(),
            Work::Rewrite { path, leaf_of } => self.rewritten(path, leaf_of.as_deref()).map(|made| vec![made]),
            Work::Chmod { path, mode } => {
                Ok(vec![Made { mode: Some(*mode), ..Made::new(path, self.bytes(path)?, path) }])
            }
            Work::NewAuthority(authority) => new_authority(authority, keys),
            Work::Join { path, from, only_first } => self.joined(path, from, *only_first).map(|made| vec![made]),
            Work::Remove(paths) => Ok(paths
                .iter()
                .map(|path| Made { bytes: None, ..Made::new(path, Zeroizing::default(), path) })
                .collect()),
        }
    }

    fn pair(&self, issue: &Issue, keys: &mut Keys) -> Result<Vec<Made>, Refusal> {
        let (key, text) = self.signed(issue, keys)?;
        let mut made = vec![Made::new(&issue.certificate, Zeroizing::new(text), &issue.signer.certificate_file)];
        if let KeyFrom::New(_) = issue.key_from {
            made.push(Made::new(&issue.key, key_pem(issue, &key)?, &issue.signer.certificate_file));
        }
        Ok(made)
    }

    /// Key and certificate, with its chain, as PEM.
    fn signed(&self, wanted: &Issue, keys: &mut Keys) -> Result<(PrivateKey, Vec<u8>), Refusal> {
        if let Some(directory) = &keys.signed_elsewhere {
            return signed_elsewhere(directory, &wanted.target);
        }
        let signer = &wanted.signer;
        let unusable = |what: &dyn std::fmt::Display| {
            Refusal::new("ca-key-unusable", format!("{} cannot sign: {what}", signer.key_file))
                .then("let another program sign: --csr DIR makes requests and says what to set, --install DIR puts in place what was signed")
        };
        let authority_key = PrivateKey::from_pem(&self.bytes(&signer.key_file)?).map_err(|error| unusable(&error))?;
        let pair =
            MatchedPair::new(Arc::clone(&signer.certificate), authority_key).map_err(|error| unusable(&error))?;
        let above = signer.chain.iter().skip(1).cloned().collect();
        let authority = Authority::new(pair, above, self.cluster.now).map_err(|error| unusable(&error))?;
        let key = match wanted.key_from {
            KeyFrom::New(kind) => keys.take(kind)?,
            KeyFrom::InPlace => self.key_in_place(wanted)?,
        };
        let der = issue::issue(&authority, &wanted.template, key.spki()).map_err(|error| {
            Refusal::new("not-issued", format!("no certificate for {}: {error}", wanted.certificate))
        })?;
        let mut text = certificate_pem(&der).map_err(|error| not_issued(&error))?;
        for above in &signer.chain {
            text.extend(certificate_pem(&above.raw).map_err(|error| not_issued(&error))?);
        }
        let made = parse::certificate(&der, GoVersion::NEWEST)
            .map_err(|error| Refusal::new("not-issued", format!("this is a bug in pkidoctor: {error}")))?;
        // the one place where a key and a certificate are put together
        let pair = MatchedPair::new(Arc::new(made), key)
            .map_err(|error| Refusal::new("not-issued", format!("this is a bug in pkidoctor: {error}")))?;
        Ok((pair.into_key(), text))
    }

    fn key_in_place(&self, wanted: &Issue) -> Result<PrivateKey, Refusal> {
        let node = &self.cluster.nodes[PATIENT];
        let file = node.kubeconfigs.iter().find(|file| file.path == wanted.key);
        let embedded = file.and_then(|file| file.parsed.as_ref().ok()?.current().ok()?.user.ok());
        let from_pem = |text: &[u8]| {
            PrivateKey::from_pem(text).map_err(|error| {
                Refusal::new("key-unusable", format!("the key of {} cannot be kept: {error}", wanted.key))
            })
        };
        match embedded.map(|user| &user.client_key.source) {
            Some(crate::cluster::kubeconfig::Source::Data(text)) => from_pem(text),
            Some(_) => Err(Refusal::new("key-unusable", format!("{} holds no key to keep", wanted.key))),
            None => from_pem(&self.bytes(&wanted.key)?),
        }
    }

    fn kubeconfig(
        &self,
        issue: &Issue,
        ca: Option<&str>,
        server: Option<&str>,
        user: &str,
        keys: &mut Keys,
    ) -> Result<Made, Refusal> {
        let (key, certificate) = self.signed(issue, keys)?;
        let key = key_pem(issue, &key)?;
        let ca = ca.map(|path| self.bytes(path)).transpose()?;
        let edit = Edit { certificate: &certificate, key: &key, ca: ca.as_ref().map(|ca| ca.as_slice()) };
        let text = match server {
            Some(server) => plan::fresh(&Fields { server, user }, &edit),
            None => plan::edit(&self.bytes(&issue.certificate)?, &edit).map_err(|error| {
                Refusal::new("kubeconfig-odd", format!("{} cannot be edited: {error}", issue.certificate))
                    .then("move it away and run this again: it is then written anew, as kubeadm writes it")
            })?,
        };
        Ok(Made::new(&issue.certificate, text, &issue.signer.certificate_file))
    }

    fn public_half(&self, from: &str, to: &str) -> Result<Made, Refusal> {
        let unusable = |error: &dyn std::fmt::Display| {
            Refusal::new("sa-key-unusable", format!("the public half of {from} cannot be told: {error}"))
        };
        let key = PrivateKey::from_pem(&self.bytes(from)?).map_err(|error| unusable(&error))?;
        let text = key.public_pem().map_err(|error| unusable(&error))?;
        Ok(Made::new(to, Zeroizing::new(text), from))
    }

    /// The certificates of several files, or the CAs of kubeconfigs, in one, each once.
    fn joined(&self, path: &str, from: &[String], only_first: bool) -> Result<Made, Refusal> {
        let node = &self.cluster.nodes[PATIENT];
        let kubeconfig = |path: &String| node.kubeconfigs.iter().find(|file| file.path == *path)?.ca.as_ref();
        let files = from.iter().filter_map(|path| kubeconfig(path).or_else(|| node.file(path)?.material()));
        let mut certificates: Vec<&Arc<Certificate>> = Vec::new();
        for certificate in files.flat_map(Material::parsed) {
            if !certificates.iter().any(|known| known.raw == certificate.raw) {
                certificates.push(certificate);
            }
        }
        certificates.truncate(if only_first { 1 } else { usize::MAX });
        let mut text = Vec::new();
        for certificate in certificates {
            text.extend(certificate_pem(&certificate.raw).map_err(|error| not_issued(&error))?);
        }
        Ok(Made::new(path, Zeroizing::new(text), from.first().map_or(path, String::as_str)))
    }

    fn rewritten(&self, path: &str, leaf_of: Option<&str>) -> Result<Made, Refusal> {
        let leaf_key = leaf_of
            .and_then(|key| self.cluster.nodes[PATIENT].file(key)?.material()?.keys().next()?.as_ref().ok().cloned());
        let text = clean::rewritten(&self.bytes(path)?, leaf_key.as_ref(), self.cluster.go)
            .ok_or_else(|| Refusal::new("not-pem", format!("nothing whole can be read in {path}")))?;
        Ok(Made::new(path, text, path))
    }

    /// What was read, to see whether it is still so later: every file by its node and path.
    pub(super) fn fingerprint(&self) -> BTreeMap<(usize, String), Option<[u8; 32]>> {
        let mut all = BTreeMap::new();
        for (index, node) in self.cluster.nodes.iter().enumerate() {
            let files = node.files.keys().cloned();
            let manifests = node.manifests.iter().map(|manifest| manifest.path.clone());
            let kubeconfigs = node.kubeconfigs.iter().map(|file| file.path.clone());
            let configs = node.etcd_config.iter().map(|file| file.path.clone());
            for path in files.chain(manifests).chain(kubeconfigs).chain(configs) {
                let bytes = read::again(&self.request, &self.cluster, index, &path);
                all.insert((index, path), bytes.map(|bytes| sha2::Sha256::digest(bytes.as_slice()).into()));
            }
        }
        all
    }
}

/// A CA beside the one in use.
fn new_authority(wanted: &NewAuthority, keys: &mut Keys) -> Result<Vec<Made>, Refusal> {
    let key = keys.take(wanted.kind)?;
    let der = issue::new_authority(&wanted.template, &key).map_err(|error| not_issued(&error))?;
    let text = certificate_pem(&der).map_err(|error| not_issued(&error))?;
    let pem = key.pem(key.usual_container()).map_err(|error| not_issued(&error))?;
    let like = &wanted.like;
    Ok(vec![Made::new(&wanted.certificate, Zeroizing::new(text), like), Made::new(&wanted.key, pem, like)])
}

fn not_issued(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new("not-issued", error.to_string())
}

/// A pair that was signed elsewhere: `TARGET.crt` and `TARGET.key`.
fn signed_elsewhere(directory: &Path, target: &str) -> Result<(PrivateKey, Vec<u8>), Refusal> {
    let read = |ending: &str| {
        let path = directory.join(format!("{target}.{ending}"));
        read::file(&path).map_err(|error| {
            Refusal::new("not-signed", error.to_string()).then(format!(
                "have {target}.csr signed and put the certificate beside it as {target}.crt, with its chain"
            ))
        })
    };
    let (text, key) = (read("crt")?, read("key")?);
    let unfit = |what: &dyn std::fmt::Display| {
        Refusal::new("not-signed", format!("{target}.crt cannot be put in place: {what}"))
    };
    // authorities hand out DER, too
    let text = match parse::certificate(&text, GoVersion::NEWEST) {
        Ok(leaf) => Zeroizing::new(certificate_pem(&leaf.raw).map_err(|error| unfit(&error))?),
        Err(_) => text,
    };
    let material = Material::read(&text, GoVersion::NEWEST);
    let leaf = material.parsed().next().ok_or_else(|| unfit(&"there is no certificate in it that Go would read"))?;
    let key = PrivateKey::from_pem(&key).map_err(|error| unfit(&error))?;
    let pair = MatchedPair::new(Arc::clone(leaf), key).map_err(|error| unfit(&error))?;
    let clean = clean::rewritten(&text, leaf.key.as_ref(), GoVersion::NEWEST).ok_or_else(|| unfit(&"it is damaged"))?;
    Ok((pair.into_key(), clean.to_vec()))
}

/// Bytes for a file.
struct Made {
    path: String,
    /// `None` where the file goes.
    bytes: Option<Zeroizing<Vec<u8>>>,
    /// Whose owner it gets if it is new.
    like: String,
    mode: Option<u32>,
}

impl Made {
    fn new(path: &str, bytes: Zeroizing<Vec<u8>>, like: &str) -> Self {
        Self { path: path.to_owned(), bytes: Some(bytes), like: like.to_owned(), mode: None }
    }
}

fn key_pem(issue: &Issue, key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    key.pem(issue.container.unwrap_or(key.usual_container()))
        .map_err(|error| Refusal::new("not-issued", format!("the key of {} cannot be written: {error}", issue.key)))
}

fn not_writable(path: &str, why: &str) -> Refusal {
    Refusal::new("not-writable", format!("{path} cannot be written: {why}"))
        .then("look at what lies there and where its links lead; of a copy only what lies in it is written")
}
