//! Three members: every pair is two links, and each may be refused without the other.

use crate::check::Case;
use crate::patient::{LOOPBACK, NAMES, Patient, expire};
use crate::probe::{APISERVER, GATEWAY, KUBEADM, Link, Live, Probe};
use crate::release::Release;
use crate::server::Etcd;
use crate::tally::Tally;
use clinic::certificate::Certificate;
use clinic::cluster::Role;
use clinic::config::pki;
use clinic::extension::{AltName, Purpose};
use clinic::file::{File, Part};
use clinic::name::Name;
use std::time::Duration;

/// The member to which everything happens: `cp2`.
const SICK: usize = 1;
/// How long it is given to find the others.
const PATIENCE: Duration = Duration::from_secs(4);

/// What is done to three members, and what comes of it.
pub(crate) struct Quarrel {
    pub(crate) name: &'static str,
    inflict: fn(&mut Patient),
    /// whether that is done under running members
    running: bool,
    /// how the links between the others and the sick one end: from it, to it
    from: Live,
    to: Live,
    /// whether the sick one serves clients
    serves: bool,
    /// whether it is stopped in the end
    stopped: bool,
    upgrade: &'static str,
    finds: &'static [&'static str],
}

const HEALTHY: Quarrel = Quarrel {
    name: "three healthy members",
    inflict: |_| {},
    running: false,
    from: Live::Ok,
    to: Live::Ok,
    serves: true,
    stopped: false,
    upgrade: "passes",
    finds: &[],
};

pub(crate) fn all() -> Vec<Quarrel> {
    vec![
        HEALTHY,
        Quarrel {
            name: "a peer without its own address: nobody dials it, it dials everybody",
            inflict: without_own_address,
            to: Live::Client,
            // on real nodes it would come from the address that it lacks, here it comes from 127.0.0.1
            finds: &["live-differs"],
            ..HEALTHY
        },
        Quarrel {
            name: "a peer that is no client: it dials nobody, everybody dials it",
            inflict: |patient| peer(patient).set_purposes(&[Purpose::Server]),
            from: Live::Server,
            ..HEALTHY
        },
        Quarrel {
            name: "a peer without its own address under running members",
            inflict: without_own_address,
            running: true,
            to: Live::Client,
            finds: &["live-differs"],
            ..HEALTHY
        },
        Quarrel {
            name: "a peer that is no client under running members",
            inflict: |patient| peer(patient).set_purposes(&[Purpose::Server]),
            running: true,
            from: Live::Server,
            ..HEALTHY
        },
        Quarrel {
            name: "a peer that expired under running members",
            inflict: |patient| expire(peer(patient)),
            running: true,
            from: Live::Server,
            to: Live::Client,
            ..HEALTHY
        },
        Quarrel {
            name: "a peer key of another pair under running members",
            inflict: |patient| {
                let key = patient.key(clinic::key::Kind::Rsa(2048));
                patient.cluster.nodes[SICK].files.insert(pki("etcd/peer.key"), File::key(&key));
            },
            running: true,
            from: Live::NotDialled,
            to: Live::Load,
            ..HEALTHY
        },
        Quarrel {
            name: "a peer with an authority of its own in its trust",
            inflict: |patient| {
                let twin = patient.twin();
                let file = File::new(vec![Part::Certificate(twin)]);
                let node = &mut patient.cluster.nodes[SICK];
                node.files.insert(pki("etcd/peer-ca.crt"), file);
                node.etcd.as_mut().expect("kubeadm's etcd").peer.trusted_ca = Some(pki("etcd/peer-ca.crt"));
            },
            from: Live::Client,
            to: Live::Server,
            serves: false,
            // one that has never started has told nobody where it is
            upgrade: "unknown",
            finds: &["endpoint-unreachable"],
            ..HEALTHY
        },
        Quarrel {
            name: "a peer that has another name than is allowed",
            inflict: |patient| {
                for node in 0..NAMES.len() {
                    let certificate = patient.cluster.leaf(node, Role::EtcdPeer).expect("a leaf");
                    certificate.certificate.subject = Name::common(if node == SICK { "stranger" } else { "member" });
                    let etcd = patient.cluster.nodes[node].etcd.as_mut().expect("kubeadm's etcd");
                    etcd.peer.allowed_cn = vec!["member".to_owned()];
                }
            },
            from: Live::Server,
            to: Live::Client,
            serves: false,
            // one that has never started has told nobody where it is
            upgrade: "unknown",
            finds: &["endpoint-unreachable"],
            ..HEALTHY
        },
        Quarrel {
            name: "a member that is down",
            to: Live::Unreachable,
            stopped: true,
            upgrade: "hangs",
            finds: &["endpoint-unreachable"],
            ..HEALTHY
        },
    ]
}

fn peer(patient: &mut Patient) -> &mut Certificate {
    &mut patient.cluster.leaf(SICK, Role::EtcdPeer).expect("a leaf").certificate
}

fn without_own_address(patient: &mut Patient) {
    peer(patient).set_names(&[NAMES[SICK], "localhost", LOOPBACK].map(AltName::host));
}

/// Lets the quarrel break out, probes all three nodes and compares.
pub(crate) fn check(quarrel: &Quarrel, release: Release, seed: u64) -> (Tally, Vec<String>) {
    let mut patient = Patient::three(release, seed);
    if !quarrel.running {
        (quarrel.inflict)(&mut patient);
    }
    patient.write();
    let mut etcds: Vec<Etcd> = (0..NAMES.len()).map(|node| Etcd::start(release, &patient, node)).collect();
    for (node, etcd) in etcds.iter_mut().enumerate() {
        if node != SICK || quarrel.serves {
            etcd.settled();
        } else {
            etcd.settled_within(PATIENCE);
        }
    }
    if quarrel.running {
        (quarrel.inflict)(&mut patient);
        // their own connections last, so that none of them dials anew: only the probe does
        patient.write();
    }
    if quarrel.stopped {
        etcds[SICK].stop();
    }
    let mut case = Case::new(release, &patient, &etcds);
    case.tally.running = usize::from(quarrel.running || quarrel.stopped);
    match Probe::of(&patient, &["--timeout", "2s"]) {
        Ok(probe) => compare(quarrel, &mut case, &probe),
        Err(error) => case.wrong.push(error),
    }
    (case.tally, case.wrong)
}

fn compare(quarrel: &Quarrel, case: &mut Case<'_>, probe: &Probe) {
    // who is silent takes the time that he is given
    if quarrel.serves {
        case.tally.probe(probe);
    }
    for link in probe.links() {
        case.verdict(link, quarrel.expected(link));
        case.link(link);
    }
    for id in [APISERVER, KUBEADM, GATEWAY, "etcd-peer:"] {
        let count = probe.links().iter().filter(|link| link.id().starts_with(id)).count();
        let expected = if id == KUBEADM {
            9
        } else if id == "etcd-peer:" {
            6
        } else {
            3
        };
        case.equal(&format!("links called {id}"), &count, &expected);
    }
    case.equal("kubeadm upgrade", &probe.upgrades(), &vec![quarrel.upgrade; NAMES.len()]);
    case.findings(probe, quarrel.finds);
}

impl Quarrel {
    fn expected(&self, link: Link<'_>) -> Live {
        let sick = NAMES[SICK];
        let is_silent = !self.serves || self.stopped;
        if let Some((client, server)) = link.id().split_once("->etcd-peer:") {
            return match (client.ends_with(sick), server == sick) {
                (true, _) => self.from,
                (_, true) => self.to,
                _ => Live::Ok,
            };
        }
        let to_sick = match link.id() {
            KUBEADM => link.text("name") == Some(crate::patient::ADDRESSES[SICK]),
            _ => link.node == sick,
        };
        if is_silent && to_sick { Live::Unreachable } else { Live::Ok }
    }
}
