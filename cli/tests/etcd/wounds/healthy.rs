//! What looks odd and works.

use super::{Wound, fresh, nothing, running};
use crate::patient::{LOOPBACK, OWN, Patient};
use crate::probe::{APISERVER, GATEWAY, KUBEADM, Live, PEER};
use crate::release::Release;
use clinic::algorithm::{Algorithm, Digest};
use clinic::cluster::{Authority, Role};
use clinic::config::Url;
use clinic::extension::{self, AltName};
use clinic::file::{Damage, File, Part, State};
use clinic::key::{Container, Kind};

/// The leaves that etcd or its clients show.
const LEAVES: [Role; 4] = [Role::EtcdServer, Role::EtcdPeer, Role::EtcdHealthcheckClient, Role::ApiserverEtcdClient];

pub(super) fn wounds() -> Vec<Wound> {
    vec![
        fresh("healthy", nothing),
        fresh("healthy, over TLS 1.2", nothing).with(&["--tls", "1.2"]),
        fresh("healthy, over TLS 1.3", nothing).with(&["--tls", "1.3"]).only(Release::Debian),
        // this release never speaks anything newer than 1.2
        fresh("healthy, over TLS 1.3", nothing)
            .with(&["--tls", "1.3"])
            .only(Release::Distro)
            .ends(Live::Server, &[APISERVER, KUBEADM, GATEWAY, PEER])
            .offline(Live::Ok, &[APISERVER, KUBEADM, GATEWAY, PEER])
            .finds(&["live-differs"]),
        fresh("healthy, without metrics", |patient| patient.metrics = false),
        fresh("keys of P-256", |patient| all_keys(patient, Kind::P256)),
        fresh("keys of P-384", |patient| all_keys(patient, Kind::P384)),
        // the one key that a probe cannot show: etcd's gateway would
        fresh("server key of P-521", |patient| patient.rekey(Role::EtcdServer, Kind::P521))
            .ends(Live::NotDialled, &[GATEWAY])
            .offline(Live::Ok, &[GATEWAY]),
        fresh("keys of RSA 4096", |patient| all_keys(patient, Kind::Rsa(4096))),
        fresh("keys of Ed25519", |patient| all_keys(patient, Kind::Ed25519)),
        fresh("IPv6", six),
        fresh("a name instead of an address", localhost),
        fresh("the allowed common name", |patient| {
            patient.etcd().peer.allowed_cn = vec!["pi-master1".to_owned()];
        }),
        fresh("client without purposes", |patient| {
            patient.certificate(Role::ApiserverEtcdClient).drop_extension(extension::EXTENDED_KEY_USAGE);
        }),
        fresh("client signed with PSS", |patient| {
            patient.certificate(Role::ApiserverEtcdClient).algorithm = Some(Algorithm::RsaPss(Digest::Sha256));
        }),
        fresh("files with CRLF and text around", |patient| {
            for file in ["etcd/server.crt", "etcd/ca.crt"] {
                patient.file(file).damage = vec![Damage::TextAround, Damage::Crlf];
            }
        }),
        fresh("server key in PKCS#8", |patient| patient.file("etcd/server.key").repack(&Container::Pkcs8)),
        fresh("two authorities trusted", |patient| {
            let other = patient.twin();
            let own = patient.authority_id();
            patient.trust_only(&[other, own]);
        }),
        fresh("intermediate beside the client", |patient| {
            let middle = patient.intermediate();
            patient.sign_by(Role::ApiserverEtcdClient, middle);
            patient.file("apiserver-etcd-client.crt").parts.push(Part::Certificate(middle));
        }),
        fresh("server certificate behind a link", |patient| {
            let real = patient.file("etcd/server.crt").clone();
            *patient.file("etcd/server-1.crt") = real;
            patient.file("etcd/server.crt").state = State::Link("server-1.crt".to_owned());
        }),
        running("a new pair under a running etcd", nothing, |patient| {
            patient.rekey(Role::EtcdServer, Kind::Rsa(2048));
            patient.certificate(Role::EtcdServer).serial = vec![0x42; 8];
        }),
        running("a new pair of another type under a running etcd", nothing, |patient| {
            patient.rekey(Role::EtcdServer, Kind::P256);
        }),
        running("a new client pair under a running etcd", nothing, |patient| {
            patient.rekey(Role::ApiserverEtcdClient, Kind::P384);
        }),
    ]
}

fn all_keys(patient: &mut Patient, kind: Kind) {
    let key = patient.key(kind);
    *patient.file("etcd/ca.key") = File::key(&key);
    patient.cluster.authority(0, Authority::Etcd).key = key;
    for role in LEAVES {
        patient.rekey(role, kind);
    }
}

fn six(patient: &mut Patient) {
    let (client, peer) = (patient.ports[0].client, patient.ports[0].peer);
    let etcd = patient.etcd();
    etcd.listen_client = vec![Url::https("::1", client)];
    etcd.advertise_client.clone_from(&etcd.listen_client);
    etcd.listen_peer = vec![Url::https("::1", peer)];
    etcd.advertise_peer.clone_from(&etcd.listen_peer);
    etcd.initial_cluster = etcd.initial_cluster.replace(OWN, "[::1]");
    patient.cluster.nodes[0].apiserver.etcd_servers = vec![Url::https("::1", client)];
}

/// kube-apiserver dials `localhost`.
pub(super) fn localhost(patient: &mut Patient) {
    let client = patient.ports[0].client;
    patient.cluster.nodes[0].apiserver.etcd_servers = vec![Url::https("localhost", client)];
    let names = ["localhost", OWN, LOOPBACK].map(AltName::host);
    patient.certificate(Role::EtcdServer).set_names(&names);
}
