//! Certificate policies (RFC 5280 section 6.1) as Go checks them from 1.24 (`policiesValid`).
//!
//! No caller of interest passes a wanted policy, so a chain can fail only when one of its certificates
//! demands an explicit policy or forbids a mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::x509::certificate::Certificate;
use crate::x509::oid::ANY_POLICY;

type Oid = Vec<u8>;

#[derive(Clone)]
struct Node {
    policy: Oid,
    expected: Vec<Oid>,
    parents: BTreeSet<(usize, usize)>,
    children: BTreeSet<(usize, usize)>,
}

/// The policy graph: nodes by stratum; `alive` maps a policy to its node.
struct Graph {
    nodes: Vec<Vec<Node>>,
    alive: Vec<BTreeMap<Oid, usize>>,
}

impl Graph {
    fn new() -> Self {
        let root = Node { policy: any(), expected: vec![any()], parents: BTreeSet::new(), children: BTreeSet::new() };
        Self { nodes: vec![vec![root]], alive: vec![BTreeMap::from([(any(), 0)])] }
    }

    fn depth(&self) -> usize {
        self.alive.len() - 1
    }

    fn grow(&mut self) {
        self.nodes.push(Vec::new());
        self.alive.push(BTreeMap::new());
    }

    fn insert(&mut self, policy: Oid, expected: Vec<Oid>, parents: &[(usize, usize)]) {
        let depth = self.depth();
        let id = (depth, self.nodes[depth].len());
        for parent in parents {
            self.nodes[parent.0][parent.1].children.insert(id);
        }
        self.alive[depth].insert(policy.clone(), id.1);
        self.nodes[depth].push(Node {
            policy,
            expected,
            parents: parents.iter().copied().collect(),
            children: BTreeSet::new(),
        });
    }

    fn parents_expecting(&self, policy: &Oid) -> Vec<(usize, usize)> {
        let above = self.depth() - 1;
        let alive = self.alive[above].values().copied();
        alive.filter(|at| self.nodes[above][*at].expected.contains(policy)).map(|at| (above, at)).collect()
    }

    fn any_parent(&self) -> Option<(usize, usize)> {
        let above = self.depth() - 1;
        self.alive[above].get(&any()).map(|at| (above, *at))
    }

    fn leaf(&self, policy: &Oid) -> Option<usize> {
        self.alive[self.depth()].get(policy).copied()
    }

    fn detach(&mut self, id: (usize, usize)) {
        let node = self.nodes[id.0][id.1].clone();
        for parent in node.parents {
            self.nodes[parent.0][parent.1].children.remove(&id);
        }
        for child in node.children {
            self.nodes[child.0][child.1].parents.remove(&id);
        }
    }

    fn delete_leaf(&mut self, policy: &Oid) {
        let depth = self.depth();
        if let Some(at) = self.alive[depth].remove(policy) {
            self.detach((depth, at));
        }
    }

    /// Removes nodes without children, except in the last stratum and the root.
    fn prune(&mut self) {
        for stratum in (1..self.depth()).rev() {
            let barren: Vec<(Oid, usize)> = self.alive[stratum]
                .iter()
                .filter(|(_, at)| self.nodes[stratum][**at].children.is_empty())
                .map(|(policy, at)| (policy.clone(), *at))
                .collect();
            for (policy, at) in barren {
                self.detach((stratum, at));
                self.alive[stratum].remove(&policy);
            }
        }
    }

    /// Whether any policy survives: below anyPolicy, or anyPolicy itself as a leaf.
    fn any_valid(&self) -> bool {
        let below_any = (0..=self.depth())
            .flat_map(|stratum| self.alive[stratum].values().map(move |at| (stratum, *at)))
            .any(|id| {
                let node = &self.nodes[id.0][id.1];
                let mut parents = node.parents.iter();
                let only_parent = parents.next().filter(|_| node.parents.len() == 1);
                node.policy != ANY_POLICY
                    && only_parent.is_some_and(|parent| self.nodes[parent.0][parent.1].policy == ANY_POLICY)
            });
        below_any || self.leaf(&any()).is_some()
    }
}

fn any() -> Oid {
    ANY_POLICY.to_vec()
}

/// Whether `chain` (leaf first, root last) satisfies every policy constraint in it.
pub(crate) fn valid(chain: &[Arc<Certificate>]) -> bool {
    if chain.len() == 1 {
        return true;
    }
    // the root is the trust anchor and takes no part; i64 because the limits are compared as Go ints
    let n = chain.len() - 1;
    let start = i64::try_from(n).unwrap_or(i64::MAX) + 1;
    let (mut inhibit_any, mut explicit, mut mapping) = (start, start, start);
    let mut graph = Some(Graph::new());

    for i in (0..n).rev() {
        let certificate = &chain[i];
        let self_issued = certificate.is_self_issued();
        if certificate.policies.asserted.is_empty() {
            graph = None;
        }
        if explicit == 0 && graph.is_none() {
            return false;
        }
        if let Some(graph) = graph.as_mut() {
            graph.grow();
            add_policies(graph, certificate, inhibit_any > 0 || (n - i < n && self_issued));
            graph.prune();
            if i != 0 && !certificate.policies.mappings.is_empty() && !map_policies(graph, certificate, mapping > 0) {
                return false;
            }
        }
        if i != 0 {
            if !self_issued {
                for limit in [&mut explicit, &mut mapping, &mut inhibit_any] {
                    *limit -= i64::from(*limit > 0);
                }
            }
            let lower = |limit: &mut i64, asserted: Option<i64>| {
                if let Some(value) = asserted.filter(|value| *value >= 0 && *value < *limit) {
                    *limit = value;
                }
            };
            lower(&mut explicit, certificate.policies.require_explicit);
            lower(&mut mapping, certificate.policies.inhibit_mapping);
            lower(&mut inhibit_any, certificate.policies.inhibit_any);
        }
    }
    explicit -= i64::from(explicit > 0);
    if chain[0].policies.require_explicit == Some(0) {
        explicit = 0;
    }
    explicit != 0 || graph.is_some_and(|graph| graph.any_valid())
}

fn add_policies(graph: &mut Graph, certificate: &Certificate, any_allowed: bool) {
    for policy in certificate.policies.asserted.iter().filter(|policy| *policy != ANY_POLICY) {
        let mut parents = graph.parents_expecting(policy);
        if parents.is_empty() {
            parents.extend(graph.any_parent());
        }
        if !parents.is_empty() {
            graph.insert(policy.clone(), vec![policy.clone()], &parents);
        }
    }
    if !any_allowed || !certificate.policies.asserted.iter().any(|policy| policy == ANY_POLICY) {
        return;
    }
    let above = graph.depth() - 1;
    let mut missing: BTreeMap<Oid, Vec<(usize, usize)>> = BTreeMap::new();
    for at in graph.alive[above].values() {
        for expected in &graph.nodes[above][*at].expected {
            if graph.leaf(expected).is_none() {
                missing.entry(expected.clone()).or_default().push((above, *at));
            }
        }
    }
    for (policy, parents) in missing {
        graph.insert(policy.clone(), vec![policy], &parents);
    }
}

/// Applies policy mappings; `false` where a mapping to or from anyPolicy makes the chain invalid.
fn map_policies(graph: &mut Graph, certificate: &Certificate, allowed: bool) -> bool {
    let mut mappings: BTreeMap<Oid, Vec<Oid>> = BTreeMap::new();
    for (issuer, subject) in &certificate.policies.mappings {
        if allowed {
            if issuer == ANY_POLICY || subject == ANY_POLICY {
                return false;
            }
            mappings.entry(issuer.clone()).or_default().push(subject.clone());
        } else {
            graph.delete_leaf(issuer);
        }
    }
    graph.prune();
    let depth = graph.depth();
    for (issuer, subjects) in mappings {
        if let Some(at) = graph.leaf(&issuer) {
            graph.nodes[depth][at].expected = subjects;
        } else if let Some(at) = graph.leaf(&any()) {
            // Go hangs the new node below the leaf of its own stratum
            graph.insert(issuer, subjects, &[(depth, at)]);
        }
    }
    true
}
