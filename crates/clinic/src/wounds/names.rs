//! Subject alternative names, and the names that are dialled.

use super::{Wound, leaf, leaf_of, wound};
use crate::cluster::{Cluster, Role};
use crate::config::Url;
use crate::extension::{AltName, Extension, SUBJECT_ALT_NAME};
use crate::name::Name;
use crate::rng::Rng;

pub(super) const WOUNDS: &[Wound] = &[
    wound("san-without-loopback", "san-server-missing-localhost", |cluster, rng| {
        keep_names(cluster, rng, &Role::SERVERS, |name| {
            !name.starts_with(&[0x87, 4, 127]) && !is_localhost(name) && !name.ends_with(&[0, 0, 0, 1])
        })
    }),
    wound("san-without-addresses", "san-server-missing-localhost", |cluster, rng| {
        keep_names(cluster, rng, &Role::SERVERS, |name| name[0] != 0x87)
    }),
    wound("san-without-dns", "san-peer-reverse-dns", |cluster, rng| {
        keep_names(cluster, rng, &Role::SERVERS, |name| name[0] != 0x82)
    }),
    wound("san-of-another-address", "san-ip-changed", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            let other = AltName::Ip(vec![10, 200, 200, 200]);
            it.certificate.set_names(&[AltName::dns("localhost"), other]);
        })
    }),
    wound("san-other-address-without-dns", "san-ip-changed", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            let addresses = [vec![10, 200, 200, 200], vec![10, 200, 200, 201]];
            it.certificate.set_names(&addresses.map(AltName::Ip));
        })
    }),
    wound("san-address-as-dns", "san-ip-as-dns", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            let names = ["localhost", "127.0.0.1", "192.168.6.11", "10.96.0.1", "::1"];
            it.certificate.set_names(&names.map(AltName::dns));
        })
    }),
    wound("san-common-name-only", "san-legacy-cn", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            it.certificate.set_names(&[]);
        })
    }),
    wound("san-common-name-is-host", "san-legacy-cn", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            it.certificate.set_names(&[]);
            it.certificate.subject = Name::common("kubernetes.default.svc");
        })
    }),
    wound("san-empty-critical-extension", "san-legacy-cn", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            it.certificate.put(Extension::new(SUBJECT_ALT_NAME, true, vec![0x30, 0]));
        })
    }),
    wound("san-empty-extension", "san-legacy-cn", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            it.certificate.put(Extension::new(SUBJECT_ALT_NAME, false, vec![0x30, 0]));
        })
    }),
    wound("san-critical", "usage-odd-but-accepted", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            for extension in &mut it.certificate.extensions {
                extension.critical = true;
            }
        })
    }),
    wound("san-wildcard", "san-peer-wildcard", |cluster, rng| replace_dns(cluster, rng, &["*.default.svc", "*"])),
    wound("san-wildcard-inside", "san-peer-wildcard", |cluster, rng| {
        replace_dns(cluster, rng, &["kubernetes.*.svc", "k*.default.svc"])
    }),
    wound("san-wildcard-two-labels", "san-peer-wildcard", |cluster, rng| replace_dns(cluster, rng, &["*.svc"])),
    wound("san-trailing-dot", "san-server-missing-localhost", |cluster, rng| {
        replace_dns(cluster, rng, &["kubernetes.default.svc.", "localhost."])
    }),
    wound("san-upper-case", "usage-odd-but-accepted", |cluster, rng| {
        replace_dns(cluster, rng, &["KUBERNETES.Default.SVC", "LOCALHOST"])
    }),
    wound("san-underscore", "usage-odd-but-accepted", |cluster, rng| {
        add_names(cluster, rng, &[AltName::dns("node_1"), AltName::dns("_etcd._tcp.example")])
    }),
    wound("san-mapped-address", "san-ipv6", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            let mapped = |address: [u8; 4]| AltName::Ip([&[0; 10][..], &[0xff; 2], &address].concat());
            let names = [mapped([127, 0, 0, 1]), mapped([10, 96, 0, 1]), AltName::dns("localhost")];
            it.certificate.set_names(&names);
        })
    }),
    wound("san-hundred-names", "usage-odd-but-accepted", |cluster, rng| {
        let many: Vec<_> = (0..120).map(|number| AltName::dns(&format!("node{number}.example"))).collect();
        add_names(cluster, rng, &many)
    }),
    wound("san-hundred-names-none-right", "san-lb-name", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            let name = |number| match number % 2 {
                0 => AltName::dns(&format!("node{number}.example")),
                _ => AltName::Ip(vec![10, 9, 8, u8::try_from(number % 250).unwrap_or(0)]),
            };
            it.certificate.set_names(&(0..150).map(name).collect::<Vec<_>>());
        })
    }),
    wound("san-not-ascii", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::Dns("knöten.example".as_bytes().to_vec())])
    }),
    wound("san-latin-1", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::Dns(b"kn\xf6ten.example".to_vec())])
    }),
    wound("san-punycode", "usage-odd-but-accepted", |cluster, rng| {
        add_names(cluster, rng, &[AltName::dns("xn--knten-jua.example")])
    }),
    wound("san-with-blank", "alg-strict-parse", |cluster, rng| add_names(cluster, rng, &[AltName::dns("my node")])),
    wound("san-empty-dns-name", "alg-strict-parse", |cluster, rng| add_names(cluster, rng, &[AltName::dns("")])),
    wound("san-double-dot", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::dns("node..example")])
    }),
    wound("san-leading-dot", "alg-strict-parse", |cluster, rng| add_names(cluster, rng, &[AltName::dns(".example")])),
    wound("san-with-colon", "alg-strict-parse", |cluster, rng| add_names(cluster, rng, &[AltName::dns("node:2379")])),
    wound("san-with-quote", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::dns("a\"b\\c\u{7}")])
    }),
    wound("san-long-label", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::dns(&"a".repeat(70))])
    }),
    wound("san-address-of-five-bytes", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::Ip(vec![10, 0, 0, 1, 2])])
    }),
    wound("san-empty-address", "alg-strict-parse", |cluster, rng| add_names(cluster, rng, &[AltName::Ip(vec![])])),
    wound("san-other-kinds", "usage-odd-but-accepted", |cluster, rng| {
        let names = [
            AltName::Directory(Name::common("someone")),
            AltName::RegisteredId(vec![1, 2, 3, 4]),
            AltName::Other,
            AltName::Email(b"root@example".to_vec()),
            AltName::Uri(b"spiffe://cluster.local/ns/kube-system".to_vec()),
        ];
        add_names(cluster, rng, &names)
    }),
    wound("san-only-email", "san-legacy-cn", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            it.certificate.set_names(&[AltName::Email(b"root@example".to_vec())]);
        })
    }),
    wound("san-bad-uri", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::Uri(b"http://[::1".to_vec())])
    }),
    wound("san-bad-uri-escape", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::Uri(b"http://host/%zz".to_vec())])
    }),
    wound("san-uri-with-bad-host", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::Uri(b"http://bad..host/".to_vec())])
    }),
    wound("san-not-ascii-email", "alg-strict-parse", |cluster, rng| {
        add_names(cluster, rng, &[AltName::Email("wurzel@beispiel.köln".as_bytes().to_vec())])
    }),
    wound("san-on-client", "usage-odd-but-accepted", |cluster, rng| {
        let clients = [Role::ApiserverEtcdClient, Role::EtcdHealthcheckClient, Role::Admin];
        leaf_of(cluster, rng, &clients, |it, _, _| {
            it.certificate.set_names(&[AltName::dns("client.example"), AltName::Ip(vec![9, 9, 9, 9])]);
        })
    }),
    wound("san-peer-without-own-address", "san-peer-ip-mismatch", |cluster, rng| {
        let node = super::any_node(cluster, rng);
        let address = AltName::host(&cluster.nodes[node].address);
        let AltName::Ip(bytes) = address else {
            return false;
        };
        let Some(it) = cluster.leaf(node, Role::EtcdPeer) else {
            return false;
        };
        filter_names(&mut it.certificate.extensions, |name| !name.ends_with(&bytes));
        true
    }),
    wound("san-peer-only-loopback", "san-peer-ip-mismatch", |cluster, rng| {
        leaf_of(cluster, rng, &[Role::EtcdPeer], |it, _, _| {
            it.certificate.set_names(&[AltName::Ip(vec![127, 0, 0, 1])]);
        })
    }),
    wound("san-peer-none", "san-peer-none", |cluster, rng| {
        leaf_of(cluster, rng, &[Role::EtcdPeer], |it, _, _| {
            it.certificate.set_names(&[]);
        })
    }),
    wound("san-peer-strange-names", "san-peer-wildcard", |cluster, rng| {
        leaf_of(cluster, rng, &[Role::EtcdPeer], |it, _, _| {
            let names = ["*.etcd.svc", "kn\u{f6}ten", "quote\"d", "tab\there"];
            it.certificate.set_names(&names.map(AltName::dns));
        })
    }),
    wound("peer-url-by-name", "san-peer-target", |cluster, rng| {
        let node = super::any_node(cluster, rng);
        let name = cluster.nodes[node].name.clone();
        peer_url(cluster, node, &name)
    }),
    wound("peer-url-by-unknown-name", "san-peer-target", |cluster, rng| {
        let node = super::any_node(cluster, rng);
        peer_url(cluster, node, "etcd.elsewhere.example")
    }),
    wound("endpoint-by-name", "usage-odd-but-accepted", |cluster, rng| endpoint(cluster, rng, "localhost")),
    wound("endpoint-upper-case", "usage-odd-but-accepted", |cluster, rng| endpoint(cluster, rng, "LocalHost")),
    wound("endpoint-with-trailing-dot", "usage-odd-but-accepted", |cluster, rng| endpoint(cluster, rng, "localhost.")),
    wound("endpoint-with-underscore", "san-lb-name", |cluster, rng| endpoint(cluster, rng, "etcd_main")),
    wound("endpoint-long-form", "san-ipv6", |cluster, rng| endpoint(cluster, rng, "0:0:0:0:0:0:0:1")),
    wound("endpoint-mapped", "san-ipv6", |cluster, rng| endpoint(cluster, rng, "::ffff:127.0.0.1")),
    wound("endpoint-other-loopback", "san-ip-changed", |cluster, rng| endpoint(cluster, rng, "127.0.0.2")),
    wound("endpoint-unknown-host", "san-lb-name", |cluster, rng| endpoint(cluster, rng, "etcd.lb.example")),
    wound("endpoint-own-address", "usage-odd-but-accepted", |cluster, rng| {
        let address = cluster.nodes[0].address.clone();
        endpoint(cluster, rng, &address)
    }),
    wound("advertise-not-in-san", "cfg-advertise-not-covered", |cluster, rng| {
        let node = super::any_node(cluster, rng);
        let Some(etcd) = &mut cluster.nodes[node].etcd else {
            return false;
        };
        etcd.advertise_client.push(Url::https("10.250.250.250", 2379));
        true
    }),
    wound("san-name-twice", "usage-odd-but-accepted", |cluster, rng| {
        add_names(cluster, rng, &[AltName::dns("localhost"), AltName::dns("localhost")])
    }),
    wound("subject-empty", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.subject = Name::empty();
        })
    }),
];

/// The names of an extension as single encodings.
fn filter_names(extensions: &mut [Extension], keep: impl Fn(&[u8]) -> bool) {
    let Some(extension) = extensions.iter_mut().find(|extension| extension.id == SUBJECT_ALT_NAME) else {
        return;
    };
    let mut kept = Vec::new();
    let mut rest = content(&extension.value);
    while rest.len() >= 2 {
        let (name, after) = rest.split_at((2 + usize::from(rest[1])).min(rest.len()));
        if keep(name) {
            kept.push(name.to_vec());
        }
        rest = after;
    }
    extension.value = crate::der::sequence(&kept);
}

/// The content of a SEQUENCE with a length of up to three bytes.
fn content(value: &[u8]) -> &[u8] {
    match value.get(1) {
        Some(0x81) => &value[3..],
        Some(0x82) => &value[4..],
        Some(_) => &value[2..],
        None => &[],
    }
}

fn is_localhost(name: &[u8]) -> bool {
    name.ends_with(b"localhost")
}

fn keep_names(cluster: &mut Cluster, rng: &mut Rng, roles: &[Role], keep: fn(&[u8]) -> bool) -> bool {
    leaf_of(cluster, rng, roles, |it, _, _| {
        filter_names(&mut it.certificate.extensions, keep);
    })
}

fn add_names(cluster: &mut Cluster, rng: &mut Rng, names: &[AltName]) -> bool {
    leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
        let added = Extension::alt_names(names).value;
        let known = it.certificate.extensions.iter_mut().find(|extension| extension.id == SUBJECT_ALT_NAME);
        if let Some(extension) = known {
            extension.value = crate::der::sequence(&[content(&extension.value).to_vec(), content(&added).to_vec()]);
        } else {
            it.certificate.set_names(names);
        }
    })
}

fn replace_dns(cluster: &mut Cluster, rng: &mut Rng, names: &[&str]) -> bool {
    let names: Vec<_> = names.iter().map(|name| AltName::dns(name)).collect();
    leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
        filter_names(&mut it.certificate.extensions, |name| name[0] != 0x82);
        let added = Extension::alt_names(&names).value;
        let known = it.certificate.extensions.iter_mut().find(|extension| extension.id == SUBJECT_ALT_NAME);
        if let Some(extension) = known {
            extension.value = crate::der::sequence(&[content(&extension.value).to_vec(), content(&added).to_vec()]);
        }
    })
}

fn peer_url(cluster: &mut Cluster, node: usize, host: &str) -> bool {
    let Some(etcd) = &mut cluster.nodes[node].etcd else {
        return false;
    };
    etcd.advertise_peer = vec![Url::https(host, 2380)];
    true
}

fn endpoint(cluster: &mut Cluster, rng: &mut Rng, host: &str) -> bool {
    let node = super::any_node(cluster, rng);
    if cluster.nodes[node].etcd.is_none() {
        return false;
    }
    cluster.nodes[node].apiserver.etcd_servers = vec![Url::https(host, 2379)];
    true
}
