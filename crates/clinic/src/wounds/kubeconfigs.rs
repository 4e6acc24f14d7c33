//! Kubeconfigs.

use super::{Wound, twin, wound};
use crate::cluster::{Authority, Cluster, Role};
use crate::config::{FieldDamage, KUBERNETES, Kubeconfig, Source, Url, pki};
use crate::file::{File, Part};
use crate::key::{Container, Key, Kind};
use crate::rng::Rng;

pub(super) const WOUNDS: &[Wound] = &[
    wound("conf-trusts-another-authority", "kc-ca-data-mismatch", |cluster, rng| {
        let other = cluster.nodes[0].authorities[&Authority::FrontProxy];
        conf(cluster, rng, |conf, _| {
            conf.ca = Source::data(File::certificate(other));
        })
    }),
    wound("conf-trusts-a-regenerated-authority", "kc-user-copy-stale", |cluster, rng| {
        let other = twin(cluster, 0, Authority::Cluster, rng);
        conf(cluster, rng, |conf, _| {
            conf.ca = Source::data(File::certificate(other));
        })
    }),
    wound("conf-trusts-a-leaf", "kc-ca-data-mismatch", |cluster, rng| {
        let leaf = cluster.nodes[0].leaves[&Role::Admin];
        conf(cluster, rng, |conf, _| {
            conf.ca = Source::data(File::certificate(leaf));
        })
    }),
    wound("conf-authority-absent", "kc-ca-data-mismatch", |cluster, rng| {
        conf(cluster, rng, |conf, _| conf.ca = Source::Absent)
    }),
    wound("conf-authority-is-a-key", "kc-malformed-data", |cluster, rng| {
        conf(cluster, rng, |conf, rng| {
            conf.ca = Source::data(File::key(&Key::generate(Kind::P256, rng)));
        })
    }),
    wound("conf-authority-is-text", "kc-malformed-data", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.ca = Source::data(File::new(vec![Part::Text("hello\n".to_owned())]));
        })
    }),
    wound("conf-authority-with-junk", "enc-harmless", |cluster, rng| {
        conf(cluster, rng, |conf, rng| {
            if let Source::Data(file, _) = &mut conf.ca {
                file.parts.insert(0, Part::Block("CERTIFICATE", rng.bytes(30)));
                file.parts.push(Part::Key(Key::generate(Kind::P256, rng), Container::Native));
            }
        })
    }),
    wound("conf-authority-only-junk", "kc-malformed-data", |cluster, rng| {
        conf(cluster, rng, |conf, rng| {
            conf.ca = Source::data(File::new(vec![Part::Block("CERTIFICATE", rng.bytes(30))]));
        })
    }),
    wound("conf-authority-bad-base64", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.ca, FieldDamage::BadCharacter)
    }),
    wound("conf-authority-short-base64", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.ca, FieldDamage::Short)
    }),
    wound("conf-authority-encoded-twice", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.ca, FieldDamage::Twice)
    }),
    wound("conf-authority-raw-pem", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.ca, FieldDamage::Raw)
    }),
    wound("conf-authority-empty", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.ca, FieldDamage::Empty)
    }),
    wound("conf-authority-folded", "enc-harmless", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.ca, FieldDamage::Folded)
    }),
    wound("conf-certificate-bad-base64", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.cert, FieldDamage::BadCharacter)
    }),
    wound("conf-certificate-short-base64", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.cert, FieldDamage::Short)
    }),
    wound("conf-certificate-encoded-twice", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.cert, FieldDamage::Twice)
    }),
    wound("conf-certificate-raw-pem", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.cert, FieldDamage::Raw)
    }),
    wound("conf-key-bad-base64", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.key, FieldDamage::BadCharacter)
    }),
    wound("conf-key-encoded-twice", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.key, FieldDamage::Twice)
    }),
    wound("conf-key-raw-pem", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.key, FieldDamage::Raw)
    }),
    wound("conf-key-folded", "enc-harmless", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.key, FieldDamage::Folded)
    }),
    wound("conf-key-absent", "kc-malformed-data", |cluster, rng| {
        conf(cluster, rng, |conf, _| conf.key = Source::Absent)
    }),
    wound("conf-key-empty", "kc-malformed-data", |cluster, rng| {
        damage(cluster, rng, |conf| &mut conf.key, FieldDamage::Empty)
    }),
    wound("conf-by-paths", "enc-harmless", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.ca = Source::Path(pki("ca.crt"));
            conf.cert = Source::Path(pki("apiserver-kubelet-client.crt"));
            conf.key = Source::Path(pki("apiserver-kubelet-client.key"));
        })
    }),
    wound("conf-by-relative-paths", "enc-harmless", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.ca = Source::Path("pki/ca.crt".to_owned());
            conf.cert = Source::Path("./pki/apiserver-kubelet-client.crt".to_owned());
            conf.key = Source::Path("pki/etcd/../apiserver-kubelet-client.key".to_owned());
        })
    }),
    wound("conf-certificate-path-dangles", "kc-dangling-path", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.cert = Source::Path(pki("gone.crt"));
        })
    }),
    wound("conf-key-path-dangles", "kc-dangling-path", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.key = Source::Path(pki("gone.key"));
        })
    }),
    wound("conf-authority-path-dangles", "kc-dangling-path", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.ca = Source::Path(pki("gone.crt"));
        })
    }),
    wound("conf-authority-elsewhere", "kc-dangling-path", |cluster, rng| {
        conf(cluster, rng, |conf, _| conf.ca = Source::Path("/root/.kube/ca.crt".to_owned()))
    }),
    wound("conf-authority-path-empty-file", "kc-malformed-data", |cluster, rng| {
        let node = super::any_node(cluster, rng);
        let empty = File::new(vec![]);
        cluster.nodes[node].files.insert(pki("empty.crt"), empty);
        conf_of(cluster, rng, node, |conf, _| {
            conf.ca = Source::Path(pki("empty.crt"));
        })
    }),
    wound("conf-calls-the-right-name", "enc-harmless", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.tls_server_name = Some("kubernetes.default".to_owned());
        })
    }),
    wound("conf-calls-a-wrong-name", "kc-server-not-in-san", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.tls_server_name = Some("api.elsewhere.example".to_owned());
        })
    }),
    wound("conf-calls-an-address", "enc-harmless", |cluster, rng| {
        let address = cluster.nodes[0].address.clone();
        conf(cluster, rng, |conf, _| {
            conf.tls_server_name = Some(address);
            conf.server.host = "api.elsewhere.example".into();
        })
    }),
    wound("conf-server-not-in-san", "kc-server-not-in-san", |cluster, rng| {
        conf(cluster, rng, |conf, rng| {
            let hosts = ["203.0.113.7", "api.elsewhere.example", "localhost", "127.0.0.1", "2001:db8::1"];
            conf.server.host = (*rng.pick(&hosts)).into();
        })
    }),
    wound("conf-server-by-name", "enc-harmless", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.server.host = "Kubernetes.Default".into();
        })
    }),
    wound("conf-server-default-port", "enc-harmless", |cluster, rng| {
        conf(cluster, rng, |conf, _| conf.server.port = 443)
    }),
    wound("conf-server-plain", "cfg-scheme-mismatch", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            let Url { host, port, .. } = conf.server.clone();
            conf.server = Url { tls: false, host, port };
        })
    }),
    wound("conf-insecure", "kc-server-not-in-san", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.insecure = true;
            conf.ca = Source::Absent;
        })
    }),
    wound("conf-insecure-with-authority", "kc-server-not-in-san", |cluster, rng| {
        conf(cluster, rng, |conf, _| conf.insecure = true)
    }),
    wound("conf-with-token", "kc-kubelet-conf-embedded", |cluster, rng| {
        conf(cluster, rng, |conf, _| {
            conf.token = Some("abcdef.0123456789abcdef".to_owned());
            conf.cert = Source::Absent;
            conf.key = Source::Absent;
        })
    }),
    wound("conf-kubelet-as-kubeadm-leaves-it", "kc-kubelet-current-broken", |cluster, _| {
        let Some(conf) = cluster.nodes[0].kubeconfigs.get_mut("kubelet.conf") else {
            return false;
        };
        let current = "/var/lib/kubelet/pki/kubelet-client-current.pem".to_owned();
        conf.cert = Source::Path(current.clone());
        conf.key = Source::Path(current);
        true
    }),
    wound("conf-of-another", "cfg-wrong-path", |cluster, rng| {
        let Some(other) = cluster.nodes[0].kubeconfigs.get("scheduler.conf").cloned() else {
            return false;
        };
        conf(cluster, rng, |conf, _| {
            conf.cert = other.cert;
            conf.key = other.key;
        })
    }),
    wound("conf-pair-half-replaced", "kc-pair-mismatch", |cluster, rng| {
        let Some(other) = cluster.nodes[0].kubeconfigs.get("scheduler.conf").cloned() else {
            return false;
        };
        conf(cluster, rng, |conf, _| conf.cert = other.cert)
    }),
    wound("conf-certificate-and-key-by-one-file", "enc-harmless", |cluster, rng| {
        let Some(mut both) = cluster.nodes[0].files.get(&pki("apiserver-kubelet-client.crt")).cloned() else {
            return false;
        };
        let key = cluster.nodes[0].files.get(&pki("apiserver-kubelet-client.key")).cloned();
        both.parts.extend(key.into_iter().flat_map(|file| file.parts));
        let path = format!("{KUBERNETES}/pki/joined.pem");
        cluster.nodes[0].files.insert(path.clone(), both);
        conf_of(cluster, rng, 0, |conf, _| {
            conf.cert = Source::Path(path.clone());
            conf.key = Source::Path(path);
        })
    }),
];

fn conf(cluster: &mut Cluster, rng: &mut Rng, edit: impl FnOnce(&mut Kubeconfig, &mut Rng)) -> bool {
    let node = super::any_node(cluster, rng);
    conf_of(cluster, rng, node, edit)
}

fn conf_of(cluster: &mut Cluster, rng: &mut Rng, node: usize, edit: impl FnOnce(&mut Kubeconfig, &mut Rng)) -> bool {
    let names: Vec<_> = cluster.nodes[node].kubeconfigs.keys().copied().collect();
    let name = *rng.pick(&names);
    cluster.nodes[node].kubeconfigs.get_mut(name).map(|conf| edit(conf, rng)).is_some()
}

fn damage(
    cluster: &mut Cluster,
    rng: &mut Rng,
    field: fn(&mut Kubeconfig) -> &mut Source,
    damage: FieldDamage,
) -> bool {
    conf(cluster, rng, |conf, _| {
        if let Source::Data(_, old) = field(conf) {
            *old = Some(damage);
        }
    })
}
