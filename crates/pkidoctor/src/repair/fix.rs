//! The smallest set of repairs that heals what a scan found.
//!
//! Nothing is guessed: every candidate, from the gentlest kind on (put back, rewrite, chmod, regen), is tried on the
//! projected tree and kept only if its finding is gone there and no link and no file is worse off.

use crate::check::RemedyKind;
use crate::cluster::{File, Node, State};
use crate::go::load::Material;
use crate::go::verify::SignatureCache;
use crate::go::verify::Verifier;
use crate::links::reference::{Origin, PairReference, Reference};
use crate::links::signing;
use crate::links::{self, Link};
use crate::plan::{self, Plan, Refusal, Step, Target, Work};
use crate::profile;
use crate::report::Finding;

use super::bench::{Bench, Keys, PATIENT};
use super::compare::{broken, errors, key, new_errors, worse};
use super::{Left, Setting};

/// More steps than any one node needs.
const MAX_STEPS: usize = 40;

/// Which findings are acted on.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these codes, warnings and infos too; empty for every error.
    pub select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
}

impl Selection {
    fn wants(&self, finding: &Finding) -> bool {
        let is_selected = |code: &String| code == finding.code;
        let wanted =
            if self.select.is_empty() { finding.severity == "error" } else { self.select.iter().any(is_selected) };
        wanted && !self.ignores(finding)
    }

    fn ignores(&self, finding: &Finding) -> bool {
        self.ignore.iter().any(|code| code == finding.code)
    }
}

/// What was found to do.
pub(super) struct Found {
    pub(super) plan: Plan,
    pub(super) bench: Bench,
    pub(super) left: Vec<Left>,
}

/// Looks for repairs of what a selection wants.
pub(super) fn search(setting: &Setting, start: &Bench, selection: &Selection) -> Found {
    let mut search = Search { setting, selection, bench: start.clone(), steps: Vec::new(), refusals: Vec::new() };
    while search.steps.len() < MAX_STEPS && search.advance() {}
    let Search { bench, steps, refusals, .. } = search;
    let left = left(&bench, selection, &refusals);
    let (steps, bench) = smallest(setting, start, selection, steps, bench);
    Found { plan: merged(steps), bench, left }
}

struct Tried {
    plan: Plan,
    bench: Bench,
}

struct Search<'a> {
    setting: &'a Setting,
    selection: &'a Selection,
    bench: Bench,
    steps: Vec<Plan>,
    /// Why a finding could not be healed, by its code and subject.
    refusals: Vec<(String, Refusal)>,
}

impl Search<'_> {
    /// Heals one more finding; `false` when nothing is left that can be healed.
    fn advance(&mut self) -> bool {
        // what stood in the way may have been healed since
        self.refusals.clear();
        let report = self.bench.report.clone();
        let patient = report.nodes.first().map(|node| node.name.clone());
        let here: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.node.is_none() || finding.node == patient).collect();
        let wanted: Vec<&Finding> = here.iter().copied().filter(|finding| self.selection.wants(finding)).collect();
        if [true, false].iter().any(|strict| wanted.iter().any(|finding| self.healed(finding, *strict))) {
            return true;
        }
        // a key that is to sign comes first, even where by itself it would be a warning
        if !self.refusals.iter().any(|(_, refusal)| refusal.code.starts_with("ca-key-")) {
            return false;
        }
        let keys = Ground::of(&self.bench).authority_keys();
        let is_key = |finding: &&&Finding| keys.contains(&finding.subject) && !self.selection.ignores(finding);
        let in_the_way: Vec<&Finding> = here.iter().filter(is_key).copied().collect();
        in_the_way.into_iter().any(|finding| self.healed(finding, true))
    }

    fn healed(&mut self, finding: &Finding, strict: bool) -> bool {
        let Some(tried) = self.heal(finding, strict) else { return false };
        self.bench = tried.bench;
        self.steps.push(tried.plan);
        true
    }

    /// The gentlest candidate that heals a finding.
    fn heal(&mut self, finding: &Finding, strict: bool) -> Option<Tried> {
        for candidate in candidates(&self.bench, finding) {
            let plan = match candidate {
                Ok(plan) => plan,
                Err(refusal) => {
                    self.refuse(finding, refusal);
                    continue;
                }
            };
            match self.try_out(plan) {
                Ok(tried) if self.is_good(finding, &tried, strict) => return Some(tried),
                Ok(_) => {}
                Err(refusal) => self.refuse(finding, refusal),
            }
        }
        None
    }

    fn refuse(&mut self, finding: &Finding, refusal: Refusal) {
        let name = named(finding);
        match self.refusals.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) if WEAK.contains(&known.code) => *known = refusal,
            Some(_) => {}
            None => self.refusals.push((name, refusal)),
        }
    }

    fn try_out(&self, plan: Plan) -> Result<Tried, Refusal> {
        let bench = self.bench.after(self.setting, &plan.steps, Keys::default())?;
        Ok(Tried { plan, bench })
    }

    /// Whether the finding is gone and nothing is worse. What was hidden behind it may come to light, unless asked to
    /// be strict, but not in the files that the candidate itself has written.
    fn is_good(&self, finding: &Finding, tried: &Tried, strict: bool) -> bool {
        let (before, after) = (&self.bench.report, &tried.bench.report);
        let is_gone = !after.findings.iter().any(|other| key(other) == key(finding));
        let shed = new_errors(before, after);
        let written = |subject: &str| {
            let node = &tried.bench.cluster.nodes[PATIENT];
            tried.bench.changes.iter().any(|change| subject.split('#').next() == Some(node.shown(&change.path)))
        };
        let is_clean = if strict { shed.is_empty() } else { !shed.iter().any(|(_, _, subject)| written(subject)) };
        let is_better = broken(after) < broken(before)
            || broken(after) == broken(before) && errors(after).len() <= errors(before).len();
        is_gone && is_clean && is_better && worse(before, after).is_empty()
    }
}

fn named(finding: &Finding) -> String {
    format!("{} {}", finding.code, finding.subject)
}

/// Leaves out every step without which as much is healed.
fn smallest(
    setting: &Setting,
    start: &Bench,
    selection: &Selection,
    steps: Vec<Plan>,
    healed: Bench,
) -> (Vec<Plan>, Bench) {
    if steps.len() < 2 {
        return (steps, healed);
    }
    let wanted = |bench: &Bench| -> Vec<_> {
        bench.report.findings.iter().filter(|finding| selection.wants(finding)).map(key).collect()
    };
    let goal = wanted(&healed);
    let (mut kept, mut best) = (steps, healed);
    let mut at = 0;
    while at < kept.len() && kept.len() > 1 {
        let without = kept.iter().enumerate().filter(|(index, _)| *index != at).flat_map(|(_, plan)| &plan.steps);
        // a step that cannot be done without this one needs it
        match start.after(setting, without, Keys::default()) {
            Ok(bench)
                if wanted(&bench).iter().all(|finding| goal.contains(finding))
                    && worse(&best.report, &bench.report).is_empty() =>
            {
                kept.remove(at);
                best = bench;
                // who was needed only by that one
                at = 0;
            }
            _ => at += 1,
        }
    }
    (kept, best)
}

fn merged(plans: Vec<Plan>) -> Plan {
    let mut all = Plan::default();
    for plan in plans {
        all.steps.extend(plan.steps);
        all.questions.extend(plan.questions);
    }
    all
}

/// What hands have to do, with the reason why this program does not.
fn left(bench: &Bench, selection: &Selection, refusals: &[(String, Refusal)]) -> Vec<Left> {
    let patient = bench.report.nodes.first().map(|node| node.name.clone());
    let ground = Ground::of(bench);
    let findings = bench.report.findings.iter().filter(|finding| selection.wants(finding));
    let reason = |finding: &Finding| {
        let tried = || refusals.iter().find(|(name, _)| *name == named(finding)).map(|(_, refusal)| refusal.clone());
        if finding.node.is_some() && finding.node != patient {
            return Refusal::new("other-node", "this lies on another node").then("run pkidoctor fix there");
        }
        let by_rule = ground.rule_against(finding);
        // what stands in the way of signing says more than that a file is nobody's to write
        match (tried(), by_rule) {
            (Some(tried), Some(rule)) if WEAK.contains(&tried.code) => rule,
            (Some(tried), _) => tried,
            (None, Some(rule)) => rule,
            (None, None) => {
                Refusal::new("no-cure", "every repair that was tried left it as it is, or made something else worse")
            }
        }
    };
    findings.map(|finding| Left { finding: finding.clone(), refusal: Some(reason(finding)) }).collect()
}

/// Refusals that say only that one candidate was none.
const WEAK: [&str; 3] = ["not-pem", "unreadable", "sa-key-unusable"];

/// Everything that might heal a finding, the gentlest first; or why a candidate cannot be had.
fn candidates(bench: &Bench, finding: &Finding) -> Vec<Result<Plan, Refusal>> {
    let ground = Ground::of(bench);
    let Some(path) = ground.path_of(finding) else { return regens(bench, finding, &[]) };
    let pairs = ground.pairs_with(&path);
    let mut all: Vec<Result<Plan, Refusal>> = Vec::new();
    let mut gentle: Vec<Step> = Vec::new();
    for pair in &pairs {
        gentle.extend(ground.put_back(pair));
    }
    gentle.extend(ground.put_back_alone(&path, &pairs));
    gentle.extend(ground.copies_in_kubeconfigs(&path));
    gentle.extend(ground.rewrite(&path, &pairs));
    gentle.extend(ground.chmod(&path, finding.code));
    all.extend(gentle.into_iter().map(|step| Ok(Plan { steps: vec![step], ..Plan::default() })));
    let targets: Vec<Target> = pairs.iter().filter_map(|pair| pair.target).collect();
    all.extend(regens(bench, finding, &targets));
    all
}

/// Making anew what the finding's remedy names, and what its file is part of.
fn regens(bench: &Bench, finding: &Finding, more: &[Target]) -> Vec<Result<Plan, Refusal>> {
    let named = finding.remedy.targets.iter().filter_map(|name| Target::named(name).ok());
    let base = finding.subject.split(['#', ':']).next().unwrap_or_default();
    let by_name = Target::named(base.rsplit('/').next().unwrap_or_default()).ok();
    // what a kubeconfig names is replaced by data in it
    let kubeconfigs = finding.links.iter().filter_map(|link| Target::named(link.split("->").next()?).ok());
    let mut targets: Vec<Target> = Vec::new();
    for target in named.chain(more.iter().copied()).chain(by_name).chain(kubeconfigs) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets.into_iter().map(|target| bench.plan(&[target], &plan::Options::default())).collect()
}

/// A pair of files, with what it is for.
struct Pair {
    certificate: String,
    key: String,
    target: Option<Target>,
    /// A CA's certificate is never replaced.
    is_authority: bool,
}

/// What candidates are made of.
struct Ground<'a> {
    bench: &'a Bench,
    node: &'a Node,
    pairs: Vec<Pair>,
    /// Files that something uses: nothing is taken from them.
    used: Vec<String>,
    /// Files that something trusts.
    trusted: Vec<String>,
    /// Files that a flag names although they are the place of another role.
    other_role: Vec<String>,
}

impl<'a> Ground<'a> {
    fn of(bench: &'a Bench) -> Self {
        let node = &bench.cluster.nodes[PATIENT];
        let signatures = SignatureCache::default();
        let verifier = Verifier { go: bench.cluster.go, now: bench.cluster.now, signatures: &signatures };
        let links = links::judge(&bench.cluster, &verifier);
        let references = links.iter().flat_map(Link::references).filter(|reference| reference.node == PATIENT);
        let mut used: Vec<String> = references.filter_map(|reference| reference.path().map(str::to_owned)).collect();
        let signing = signing::pairs(&bench.cluster);
        let signing: Vec<&PairReference> = signing.iter().map(|signing| &signing.pair).collect();
        used.extend(
            signing
                .iter()
                .flat_map(|pair| [&pair.certificate, &pair.key])
                .filter_map(|half| half.path().map(str::to_owned)),
        );
        let mut pairs: Vec<Pair> = profile::ROLES
            .into_iter()
            .map(|role| Pair {
                certificate: node.layout(&format!("{}.crt", role.stem)),
                key: node.layout(&format!("{}.key", role.stem)),
                target: role.issuer.map(|_| Target::Leaf(role)),
                is_authority: role.issuer.is_none(),
            })
            .collect();
        let named = links.iter().flat_map(|link| [&link.client_pair, &link.server_pair]).flatten();
        pairs.extend(named.chain(signing).filter_map(|pair| other_pair(node, pair)));
        let mut distinct: Vec<Pair> = Vec::new();
        for pair in pairs {
            if !distinct.iter().any(|known| known.certificate == pair.certificate && known.key == pair.key) {
                distinct.push(pair);
            }
        }
        let other_role = links.iter().flat_map(Link::references).filter(|reference| is_of_other_role(node, reference));
        let other_role = other_role.filter_map(|reference| reference.path().map(str::to_owned)).collect();
        let trusts = links.iter().flat_map(|link| [&link.client_trust, &link.server_trust]).flatten();
        let trusts = trusts.filter(|reference| reference.node == PATIENT);
        let trusted = trusts.filter_map(|reference| reference.path().map(str::to_owned)).collect();
        Self { bench, node, pairs: distinct, used, trusted, other_role }
    }

    /// What this program never does, whatever it would heal.
    fn rule_against(&self, finding: &Finding) -> Option<Refusal> {
        let manifest = || {
            Refusal::new(
                "manifest",
                "manifests and configuration files are not edited: the kubelet would restart the pod at once",
            )
            .then("change the flag by hand, one node at a time")
        };
        let authority = || {
            let message =
                "a CA is not replaced: every process that loaded the old one would refuse what the new one signs";
            Refusal::new("authority", message)
        };
        match finding.code {
            _ if finding.subject.contains(":--") => return Some(manifest()),
            "allowed-name-mismatch" | "request-header-names" => return Some(manifest()),
            "name-constraint-violated" | "path-length-exceeded" | "chain-refused" => return Some(authority()),
            "sa-key-differs-between-nodes" | "ca-differs-between-nodes" => {
                return Some(
                    Refusal::new("shared-file", "which node has the right one is not known here")
                        .then("copy it from the node that the others agree with, then run this again"),
                );
            }
            _ => {}
        }
        let path = self.path_of(finding)?;
        let is_trusted = self.trusted.contains(&path)
            || profile::role_of(self.node.shown(&path)).is_some_and(|role| role.issuer.is_none());
        if is_trusted {
            return Some(authority());
        }
        let shown = self.node.shown(&path);
        if matches!(shown, "sa.key" | "sa.pub") {
            let message = "keys of service accounts are not made anew: every token in use was signed with them";
            return Some(Refusal::new("service-account-key", message));
        }
        if self.other_role.contains(&path) {
            return Some(manifest());
        }
        let is_kubeconfig = self.node.kubeconfigs.iter().any(|file| file.path == path);
        is_kubeconfig.then(|| Refusal::new("kubeconfig", "of a kubeconfig only credentials and CA data are rewritten"))
    }

    /// The file that a finding is about.
    fn path_of(&self, finding: &Finding) -> Option<String> {
        let subject = finding.subject.split('#').next()?;
        if subject.contains(":--") {
            return None;
        }
        Some(if subject.starts_with('/') { subject.to_owned() } else { self.node.layout(subject) })
    }

    fn pairs_with(&self, path: &str) -> Vec<&Pair> {
        self.pairs.iter().filter(|pair| pair.certificate == path || pair.key == path).collect()
    }

    fn material(&self, path: &str) -> Option<&Material> {
        self.node.file(path)?.material()
    }

    /// Files that nothing uses and that are nobody's place: backups, leftovers.
    fn spare(&self) -> impl Iterator<Item = (&'a File, &'a Material)> {
        let used = &self.used;
        let node = self.node;
        let files = node
            .tree()
            .filter(move |file| !used.contains(&file.path) && profile::file_role(node.shown(&file.path)).is_none());
        files.filter_map(|file| Some((file, file.material()?)))
    }

    /// The matching half, or the whole pair, from elsewhere in the tree.
    fn put_back(&self, pair: &Pair) -> Vec<Step> {
        let own_certificate = self.material(&pair.certificate).and_then(|material| material.parsed().next());
        let own_key = self.material(&pair.key).and_then(|material| material.keys().next()?.as_ref().ok());
        let mut all = Vec::new();
        if let Some(certificate) = own_certificate {
            let fits = |material: &Material| {
                material.keys().next().is_some_and(|key| key.as_ref().ok() == certificate.key.as_ref())
            };
            let found = self.spare().filter(|(_, material)| fits(material));
            all.extend(found.map(|(file, _)| vec![(file.path.clone(), pair.key.clone())]));
        }
        if !pair.is_authority {
            let leaves: Vec<_> = self
                .spare()
                .filter_map(|(file, material)| Some((file, material.parsed().next()?)))
                .filter(|(file, leaf)| self.is_of(pair, leaf) && !is_named_for_another(pair, &file.path))
                .collect();
            for (file, leaf) in &leaves {
                if leaf.key.as_ref() == own_key && own_key.is_some() {
                    all.push(vec![(file.path.clone(), pair.certificate.clone())]);
                }
            }
            for (file, leaf) in &leaves {
                let fits = |material: &Material| {
                    material.keys().next().is_some_and(|key| key.as_ref().ok() == leaf.key.as_ref())
                };
                let keys = self.spare().filter(|(_, material)| fits(material));
                all.extend(keys.map(|(key, _)| {
                    vec![(file.path.clone(), pair.certificate.clone()), (key.path.clone(), pair.key.clone())]
                }));
            }
        }
        all.extend(self.exchanges(pair));
        let swapped = self
            .material(&pair.certificate)
            .is_some_and(|material| material.keys().next().is_some() && material.parsed().next().is_none())
            && self.material(&pair.key).is_some_and(|material| material.parsed().next().is_some());
        if swapped {
            all.push(vec![(pair.key.clone(), pair.certificate.clone()), (pair.certificate.clone(), pair.key.clone())]);
        }
        all.into_iter().map(|files| self.step(RemedyKind::PutBack, files)).collect()
    }

    /// Two pairs whose keys, or whose certificates, lie in each other's place. A CA's certificate stays.
    fn exchanges(&self, pair: &Pair) -> Vec<Vec<(String, String)>> {
        let certified = |pair: &Pair| self.material(&pair.certificate)?.parsed().next()?.key.clone();
        let private = |pair: &Pair| self.material(&pair.key)?.keys().next()?.as_ref().ok().cloned();
        let (Some(own_certified), Some(own_private)) = (certified(pair), private(pair)) else { return Vec::new() };
        let is_crossed = |other: &&Pair| {
            own_certified != own_private
                && certified(other).as_ref() == Some(&own_private)
                && private(other).as_ref() == Some(&own_certified)
        };
        let both =
            |one: &str, other: &str| vec![(other.to_owned(), one.to_owned()), (one.to_owned(), other.to_owned())];
        let mut all = Vec::new();
        for other in self.pairs.iter().filter(is_crossed) {
            all.push(both(&pair.key, &other.key));
            if !pair.is_authority && !other.is_authority {
                all.push(both(&pair.certificate, &other.certificate));
            }
        }
        all
    }

    /// The keys of CAs, as reports show them.
    fn authority_keys(&self) -> Vec<String> {
        let authorities = self.pairs.iter().filter(|pair| pair.is_authority);
        authorities.map(|pair| self.node.shown(&pair.key).to_owned()).collect()
    }

    /// Whether a certificate is one of the role of a pair on this node.
    fn is_of(&self, pair: &Pair, leaf: &crate::x509::certificate::Certificate) -> bool {
        let Some(target) = pair.target else { return false };
        let wanted = plan::common_name(&self.bench.cluster, PATIENT, target);
        wanted.is_some_and(|wanted| wanted == leaf.subject.common_name())
    }

    /// A file that is no half of a leaf's pair and that is gone or empty: a CA's certificate, `sa.key`.
    fn put_back_alone(&self, path: &str, pairs: &[&Pair]) -> Vec<Step> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_lost = self
            .material(path)
            .is_none_or(|material| material.parsed().next().is_none() && material.keys().next().is_none());
        let is_authority = pairs.iter().any(|pair| pair.is_authority && pair.certificate == path);
        let is_account = matches!(self.node.shown(path), "sa.key" | "sa.pub");
        let is_mismatch = is_account && !is_lost;
        if !(is_lost && (is_authority || is_account) || is_mismatch) {
            return Vec::new();
        }
        let same_name = |file: &File| {
            file.path.rsplit('/').next().is_some_and(|other| other == name || other.starts_with(&format!("{name}.")))
        };
        let named: Vec<_> = self.spare().filter(|(file, _)| same_name(file) || is_account).collect();
        named
            .into_iter()
            .map(|(file, _)| self.step(RemedyKind::PutBack, vec![(file.path.clone(), path.to_owned())]))
            .collect()
    }

    /// The cluster's CA that is gone, as kubeconfigs hold it: the one that its key belongs to, where the key is here.
    fn copies_in_kubeconfigs(&self, path: &str) -> Vec<Step> {
        let is_here = self.material(path).is_some_and(|material| material.parsed().next().is_some());
        if is_here || self.node.shown(path) != "ca.crt" {
            return Vec::new();
        }
        let key = self.material(&self.node.layout("ca.key")).and_then(|material| material.keys().next()?.as_ref().ok());
        let fits = |ca: &Material| {
            ca.parsed().next().is_some() && key.is_none_or(|key| ca.parsed().any(|ca| ca.key.as_ref() == Some(key)))
        };
        let holders = self.node.kubeconfigs.iter().filter(|file| file.ca.as_ref().is_some_and(fits));
        holders
            .map(|file| Step {
                kind: RemedyKind::PutBack,
                target: self.node.shown(path).to_owned(),
                work: Work::Join { path: path.to_owned(), from: vec![file.path.clone()], only_first: false },
                notes: Vec::new(),
            })
            .collect()
    }

    /// What is in the file, as clean PEM.
    fn rewrite(&self, path: &str, pairs: &[&Pair]) -> Vec<Step> {
        let is_regular = self.node.file(path).is_some_and(|file| matches!(file.state, State::Regular(_)));
        let is_kubeconfig = self.node.kubeconfigs.iter().any(|file| file.path == path);
        if !is_regular || is_kubeconfig {
            return Vec::new();
        }
        let leaf_of = pairs.iter().find(|pair| pair.certificate == path).map(|pair| pair.key.clone());
        let step = Step {
            kind: RemedyKind::Rewrite,
            target: self.node.shown(path).to_owned(),
            work: Work::Rewrite { path: path.to_owned(), leaf_of },
            notes: Vec::new(),
        };
        vec![step]
    }

    /// Fewer readers for an exposed key, a reader for a file that its owner may not read.
    fn chmod(&self, path: &str, code: &str) -> Vec<Step> {
        let Some(meta) = self.node.file(path).and_then(|file| file.meta.as_ref()) else { return Vec::new() };
        let mode = match code {
            "key-exposed" => meta.mode & 0o700,
            "permission-denied" => meta.mode | 0o400,
            _ => return Vec::new(),
        };
        let step = Step {
            kind: RemedyKind::Chmod,
            target: self.node.shown(path).to_owned(),
            work: Work::Chmod { path: path.to_owned(), mode },
            notes: Vec::new(),
        };
        if mode == meta.mode { Vec::new() } else { vec![step] }
    }

    fn step(&self, kind: RemedyKind, files: Vec<(String, String)>) -> Step {
        let target = files.first().map(|(_, to)| self.node.shown(to).to_owned()).unwrap_or_default();
        Step { kind, target, work: Work::PutBack(files), notes: Vec::new() }
    }
}

/// Whether a flag names a file that is the place of another role.
fn is_of_other_role(node: &Node, reference: &Reference) -> bool {
    let Origin::Flag { flag, .. } = &reference.origin else { return false };
    let place = reference.path().and_then(|path| profile::role_of(node.shown(path)));
    let wanted = profile::pair_of(flag).map(|(_, _, role)| role.name);
    let is_token_key = flag.starts_with("service-account");
    place.is_some_and(|place| is_token_key || wanted.is_some_and(|wanted| wanted != place.name))
}

/// A pair that flags name.
fn other_pair(node: &Node, pair: &PairReference) -> Option<Pair> {
    let path = |half: &Reference| half.path().filter(|_| half.node == PATIENT).map(str::to_owned);
    let (certificate, key) = (path(&pair.certificate)?, path(&pair.key)?);
    let target = match &pair.certificate.origin {
        Origin::Flag { flag, .. } => profile::pair_of(flag).map(|(_, _, role)| Target::Leaf(role)),
        _ => None,
    };
    let is_authority =
        target.is_none() && profile::role_of(node.shown(&certificate)).is_none_or(|role| role.issuer.is_none());
    Some(Pair { certificate, key, target, is_authority })
}

/// Whether a file's name says that it is of another role: etcd's certificates for clients and for peers bear one name.
fn is_named_for_another(pair: &Pair, path: &str) -> bool {
    let own = stem(&pair.certificate);
    let name = stem(path);
    name != own && profile::ROLES.iter().any(|role| stem(role.stem) == name)
}

/// `server` of `etcd.bak/server.crt.old`.
fn stem(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    base.split('.').next().unwrap_or(base)
}
