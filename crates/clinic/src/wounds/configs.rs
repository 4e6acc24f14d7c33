//! Flags.

use super::{Wound, any_node, wound};
use crate::cluster::Cluster;
use crate::config::{Apiserver, ControllerManager, ELSEWHERE, Etcd, Style, Url, pki};
use crate::file::File;
use crate::key::{Container, Kind};
use crate::rng::Rng;

pub(super) const WOUNDS: &[Wound] = &[
    wound("client-cert-auth-false", "cfg-client-auth-false-noop", |cluster, rng| {
        etcd(cluster, rng, |it| it.client.client_cert_auth = Some(false))
    }),
    wound("client-cert-auth-absent", "cfg-client-auth-false-noop", |cluster, rng| {
        etcd(cluster, rng, |it| it.client.client_cert_auth = None)
    }),
    wound("client-trusts-system-roots", "cfg-client-auth-system-roots", |cluster, rng| {
        etcd(cluster, rng, |it| it.client.trusted_ca = None)
    }),
    wound("client-port-open", "cfg-no-client-auth", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.client.trusted_ca = None;
            it.client.client_cert_auth = Some(false);
        })
    }),
    wound("peer-cert-auth-false", "cfg-client-auth-false-noop", |cluster, rng| {
        etcd(cluster, rng, |it| it.peer.client_cert_auth = Some(false))
    }),
    wound("peer-trusts-system-roots", "cfg-client-auth-system-roots", |cluster, rng| {
        etcd(cluster, rng, |it| it.peer.trusted_ca = None)
    }),
    wound("peer-port-open", "cfg-no-client-auth", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.peer.trusted_ca = None;
            it.peer.client_cert_auth = None;
        })
    }),
    wound("auto-tls-beside-a-pair", "cfg-auto-tls-drops-auth", |cluster, rng| {
        etcd(cluster, rng, |it| it.client.auto = true)
    }),
    wound("peer-auto-tls-beside-a-pair", "cfg-auto-tls-drops-auth", |cluster, rng| {
        etcd(cluster, rng, |it| it.peer.auto = true)
    }),
    wound("client-listener-plain", "cfg-http-ignores-tls", |cluster, rng| {
        etcd(cluster, rng, |it| plain(&mut it.listen_client))
    }),
    wound("client-urls-plain", "cfg-scheme-mismatch", |cluster, rng| {
        etcd(cluster, rng, |it| {
            plain(&mut it.listen_client);
            plain(&mut it.advertise_client);
        })
    }),
    wound("client-side-all-plain", "cfg-http-ignores-tls", |cluster, rng| {
        let node = any_node(cluster, rng);
        plain(&mut cluster.nodes[node].apiserver.etcd_servers);
        etcd_of(cluster, node, |it| {
            plain(&mut it.listen_client);
            plain(&mut it.advertise_client);
        })
    }),
    wound("client-advertised-plain", "cfg-scheme-mismatch", |cluster, rng| {
        etcd(cluster, rng, |it| plain(&mut it.advertise_client))
    }),
    wound("endpoint-plain", "cfg-scheme-mismatch", |cluster, rng| {
        let known = cluster.nodes.iter().all(|node| node.etcd.is_some());
        known && apiserver(cluster, rng, |it| plain(&mut it.etcd_servers))
    }),
    wound("peer-urls-plain", "cfg-peer-scheme", |cluster, rng| {
        etcd(cluster, rng, |it| {
            plain(&mut it.listen_peer);
            plain(&mut it.advertise_peer);
        })
    }),
    wound("peer-advertised-plain", "cfg-peer-scheme", |cluster, rng| {
        etcd(cluster, rng, |it| plain(&mut it.advertise_peer))
    }),
    wound("peer-listener-plain", "cfg-peer-scheme", |cluster, rng| etcd(cluster, rng, |it| plain(&mut it.listen_peer))),
    wound("listens-on-every-address", "usage-odd-but-accepted", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.listen_client = vec![Url::https("0.0.0.0", 2379)];
        })
    }),
    wound("client-certificate-without-key", "cfg-partial-flags", |cluster, rng| {
        apiserver(cluster, rng, |it| it.etcd_key = None)
    }),
    wound("client-key-without-certificate", "cfg-partial-flags", |cluster, rng| {
        apiserver(cluster, rng, |it| it.etcd_cert = None)
    }),
    wound("no-client-pair", "cfg-apiserver-etcd-client-missing", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.etcd_cert = None;
            it.etcd_key = None;
        })
    }),
    wound("no-etcd-authority", "cfg-apiserver-etcd-cafile", |cluster, rng| {
        apiserver(cluster, rng, |it| it.etcd_ca = None)
    }),
    wound("etcd-authority-is-the-cluster-s", "cfg-apiserver-etcd-cafile", |cluster, rng| {
        apiserver(cluster, rng, |it| it.etcd_ca = Some(pki("ca.crt")))
    }),
    wound("etcd-client-is-the-apiserver-s-own", "usage-client-serverauth-only", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.etcd_cert = Some(pki("apiserver.crt"));
            it.etcd_key = Some(pki("apiserver.key"));
        })
    }),
    wound("etcd-client-is-the-health-check-s", "enc-harmless", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.etcd_cert = Some(pki("etcd/healthcheck-client.crt"));
            it.etcd_key = Some(pki("etcd/healthcheck-client.key"));
        })
    }),
    wound("etcd-serves-the-peer-pair", "enc-harmless", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.client.cert.clone_from(&it.peer.cert);
            it.client.key.clone_from(&it.peer.key);
        })
    }),
    wound("etcd-serves-a-client-pair", "usage-server-clientauth-only", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.client.cert = Some(pki("etcd/healthcheck-client.crt"));
            it.client.key = Some(pki("etcd/healthcheck-client.key"));
        })
    }),
    wound("etcd-trusts-the-cluster-authority", "cfg-wrong-path", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.client.trusted_ca = Some(pki("ca.crt"));
        })
    }),
    wound("etcd-peer-trusts-its-own-certificate", "chain-ca-file-is-leaf", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.peer.trusted_ca.clone_from(&it.peer.cert);
        })
    }),
    wound("etcd-key-of-the-peer", "cfg-wrong-path", |cluster, rng| {
        etcd(cluster, rng, |it| it.client.key.clone_from(&it.peer.key))
    }),
    wound("etcd-path-missing", "file-missing", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.client.cert = Some(pki("etcd/srv.crt"));
        })
    }),
    wound("etcd-path-with-dots", "enc-harmless", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.client.trusted_ca = Some(pki("etcd/../etcd//./ca.crt"));
        })
    }),
    wound("etcd-certificate-without-key", "cfg-partial-flags", |cluster, rng| {
        etcd(cluster, rng, |it| it.client.key = None)
    }),
    wound("peer-key-without-certificate", "cfg-partial-flags", |cluster, rng| {
        etcd(cluster, rng, |it| it.peer.cert = None)
    }),
    wound("gateway-shows-another-pair", "enc-harmless", |cluster, rng| {
        etcd(cluster, rng, |it| {
            let pair = (pki("etcd/healthcheck-client.crt"), pki("etcd/healthcheck-client.key"));
            it.client.client_pair = Some(pair);
        })
    }),
    wound("gateway-shows-a-foreign-pair", "usage-server-without-clientauth", |cluster, rng| {
        etcd(cluster, rng, |it| {
            let pair = (pki("front-proxy-client.crt"), pki("front-proxy-client.key"));
            it.client.client_pair = Some(pair);
        })
    }),
    wound("allowed-hostname-matches", "usage-allowed-name-mismatch", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.client.allowed_hostname = vec!["localhost".to_owned()];
        })
    }),
    wound("allowed-hostname-matches-nobody", "usage-allowed-name-mismatch", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.client.allowed_hostname = vec!["clients.example".to_owned()];
        })
    }),
    wound("peer-allowed-name-matches", "usage-allowed-name-mismatch", |cluster, rng| {
        let names: Vec<String> = cluster.nodes.iter().map(|node| node.name.clone()).collect();
        etcd(cluster, rng, |it| it.peer.allowed_cn = names)
    }),
    wound("peer-allowed-name-is-another", "usage-allowed-name-mismatch", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.peer.allowed_cn = vec!["member.example".to_owned()];
        })
    }),
    wound("peer-allowed-hostname-matches", "usage-allowed-name-mismatch", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.peer.allowed_hostname = vec!["localhost".to_owned()];
        })
    }),
    wound("peer-allowed-hostname-is-another", "usage-allowed-name-mismatch", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.peer.allowed_hostname = vec!["10.1.2.3".to_owned()];
        })
    }),
    wound("peer-skips-address-check", "san-peer-ip-mismatch", |cluster, rng| {
        etcd(cluster, rng, |it| it.skip_san = true)
    }),
    wound("requestheader-names-other", "cfg-requestheader-names", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.allowed_names = Some(vec!["aggregator".to_owned(), "proxy".to_owned()]);
        })
    }),
    wound("requestheader-names-several", "enc-harmless", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.allowed_names = Some(vec!["aggregator".to_owned(), "front-proxy-client".to_owned()]);
        })
    }),
    wound("requestheader-names-empty", "chain-frontproxy-same-ca", |cluster, rng| {
        apiserver(cluster, rng, |it| it.allowed_names = Some(Vec::new()))
    }),
    wound("requestheader-names-absent", "chain-frontproxy-same-ca", |cluster, rng| {
        apiserver(cluster, rng, |it| it.allowed_names = None)
    }),
    wound("requestheader-authority-is-the-cluster-s", "chain-frontproxy-mismatch", |cluster, rng| {
        apiserver(cluster, rng, |it| it.requestheader_ca = pki("ca.crt"))
    }),
    wound("client-authority-is-etcd-s", "cfg-wrong-path", |cluster, rng| {
        apiserver(cluster, rng, |it| it.client_ca = pki("etcd/ca.crt"))
    }),
    wound("apiserver-serves-a-client-pair", "usage-server-clientauth-only", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.cert = pki("apiserver-kubelet-client.crt");
            it.key = pki("apiserver-kubelet-client.key");
        })
    }),
    wound("apiserver-path-missing", "file-missing", |cluster, rng| {
        apiserver(cluster, rng, |it| it.key = pki("server.key"))
    }),
    wound("kubelet-client-is-the-front-proxy-s", "cfg-wrong-path", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.kubelet_cert = pki("front-proxy-client.crt");
            it.kubelet_key = pki("front-proxy-client.key");
        })
    }),
    wound("proxy-client-is-the-kubelet-s", "chain-frontproxy-mismatch", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.proxy_cert = pki("apiserver-kubelet-client.crt");
            it.proxy_key = pki("apiserver-kubelet-client.key");
        })
    }),
    wound("token-key-is-the-apiserver-s", "cfg-sa-flags", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.token_keys = vec![pki("apiserver.key")];
        })
    }),
    wound("token-keys-several", "enc-harmless", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.token_keys.insert(0, pki("apiserver.crt"));
        })
    }),
    wound("token-signer-of-apiserver-differs", "cfg-sa-flags", |cluster, rng| {
        let node = any_node(cluster, rng);
        let key = cluster.new_key(Kind::Rsa(2048), rng);
        cluster.nodes[node].files.insert(pki("signer.key"), File::key(&key));
        cluster.nodes[node].apiserver.token_signer = pki("signer.key");
        true
    }),
    wound("token-signer-of-manager-differs", "cfg-sa-flags", |cluster, rng| {
        let node = any_node(cluster, rng);
        let key = cluster.new_key(Kind::P256, rng);
        cluster.nodes[node].files.insert(pki("signer.key"), File::key(&key));
        cluster.nodes[node].controller_manager.token_signer = pki("signer.key");
        true
    }),
    wound("token-signers-both-known", "enc-harmless", |cluster, rng| {
        let node = any_node(cluster, rng);
        let key = cluster.new_key(Kind::P384, rng);
        let public = crate::file::Part::Key(key.clone(), Container::Public);
        let files = &mut cluster.nodes[node].files;
        files.insert(pki("signer.key"), File::key(&key));
        files.insert(pki("signer.pub"), File::new(vec![public]));
        cluster.nodes[node].apiserver.token_keys.push(pki("signer.pub"));
        cluster.nodes[node].apiserver.token_signer = pki("signer.key");
        true
    }),
    wound("root-authority-is-etcd-s", "cfg-wrong-path", |cluster, rng| {
        manager(cluster, rng, |it| it.root_ca = pki("etcd/ca.crt"))
    }),
    wound("root-authority-missing", "file-missing", |cluster, rng| {
        manager(cluster, rng, |it| it.root_ca = pki("root.crt"))
    }),
    wound("etcd-authority-not-mounted", "file-not-mounted", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.narrow_mount = true;
            it.client.trusted_ca = Some(pki("ca.crt"));
        })
    }),
    wound("etcd-pair-not-mounted", "file-not-mounted", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.narrow_mount = true;
            it.client.cert = Some(pki("apiserver-etcd-client.crt"));
            it.client.key = Some(pki("apiserver-etcd-client.key"));
        })
    }),
    wound("etcd-authority-elsewhere", "file-not-mounted", |cluster, rng| {
        apiserver(cluster, rng, |it| it.etcd_ca = Some(elsewhere("ca.crt")))
    }),
    wound("etcd-client-pair-elsewhere", "file-not-mounted", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.etcd_cert = Some(elsewhere("client.crt"));
            it.etcd_key = Some(elsewhere("client.key"));
        })
    }),
    wound("etcd-trusts-elsewhere", "file-not-mounted", |cluster, rng| {
        etcd(cluster, rng, |it| it.client.trusted_ca = Some(elsewhere("ca.crt")))
    }),
    wound("etcd-pair-elsewhere", "file-not-mounted", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.client.cert = Some(elsewhere("server.crt"));
            it.client.key = Some(elsewhere("server.key"));
        })
    }),
    wound("peer-trusts-elsewhere", "file-not-mounted", |cluster, rng| {
        etcd(cluster, rng, |it| it.peer.trusted_ca = Some(elsewhere("ca.crt")))
    }),
    wound("apiserver-pair-elsewhere", "file-not-mounted", |cluster, rng| {
        apiserver(cluster, rng, |it| {
            it.cert = elsewhere("apiserver.crt");
            it.key = elsewhere("apiserver.key");
        })
    }),
    wound("client-authority-elsewhere", "file-not-mounted", |cluster, rng| {
        apiserver(cluster, rng, |it| it.client_ca = elsewhere("clients.crt"))
    }),
    wound("flags-as-arguments", "enc-harmless", |cluster, rng| style(cluster, rng, Style::Args)),
    wound("flags-with-blanks", "enc-harmless", |cluster, rng| style(cluster, rng, Style::Space)),
    wound("flags-in-the-environment", "enc-harmless", |cluster, rng| style(cluster, rng, Style::Env)),
    wound("unrelated-flags", "enc-harmless", |cluster, rng| {
        etcd(cluster, rng, |it| {
            it.extra = vec![
                ("auto-compaction-retention".to_owned(), "8".to_owned()),
                ("quota-backend-bytes".to_owned(), "8589934592".to_owned()),
            ];
        })
    }),
];

fn etcd(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut Etcd)) -> bool {
    let node = any_node(cluster, rng);
    etcd_of(cluster, node, edit)
}

fn etcd_of(cluster: &mut Cluster, node: usize, edit: impl FnOnce(&mut Etcd)) -> bool {
    cluster.nodes[node].etcd.as_mut().map(edit).is_some()
}

fn apiserver(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut Apiserver)) -> bool {
    let node = any_node(cluster, rng);
    edit(&mut cluster.nodes[node].apiserver);
    true
}

fn manager(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut ControllerManager)) -> bool {
    let node = any_node(cluster, rng);
    edit(&mut cluster.nodes[node].controller_manager);
    true
}

/// A path that no tree of a patient holds.
fn elsewhere(name: &str) -> String {
    format!("{ELSEWHERE}/{name}")
}

fn plain(urls: &mut [Url]) {
    for url in urls {
        url.tls = false;
    }
}

fn style(cluster: &mut Cluster, rng: &mut Rng, style: Style) -> bool {
    let node = any_node(cluster, rng);
    cluster.nodes[node].style = style;
    true
}
