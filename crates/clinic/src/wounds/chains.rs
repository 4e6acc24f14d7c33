//! Who signed what, and what authorities allow.

use super::{Wound, any_leaf, any_leaf_of, authority, either, intermediate, leaf, twin, wound};
use crate::certificate::{Certificate, KeyId, Spoil};
use crate::cluster::{Authority, Cluster, DAY, Issuer, Role};
use crate::der::tag;
use crate::extension::{ANY_POLICY, AltName, Extension, Purpose, Subtree};
use crate::file::{CertificateId, File, Part};
use crate::key::Kind;
use crate::name::{Name, ORGANIZATION};
use crate::rng::Rng;

const POLICY: &[u64] = &[1, 3, 6, 1, 4, 1, 99_999, 5, 1];
const OTHER_POLICY: &[u64] = &[1, 3, 6, 1, 4, 1, 99_999, 5, 2];

pub(super) const WOUNDS: &[Wound] = &[
    wound("leaf-of-old-authority", "chain-same-name-other-key", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let old = twin(cluster, node, role.authority(), rng);
        reissue(cluster, node, role, Issuer::Other(old))
    }),
    wound("leaf-of-other-authority", "chain-wrong-ca", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let others: Vec<_> = Authority::ALL.into_iter().filter(|other| *other != role.authority()).collect();
        let other = cluster.nodes[node].authorities[rng.pick(&others)];
        reissue(cluster, node, role, Issuer::Other(other))
    }),
    wound("leaf-of-unknown-authority", "chain-wrong-ca", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let stranger = twin(cluster, node, role.authority(), rng);
        cluster.issued(stranger).certificate.subject = Name::common("corporate-root");
        reissue(cluster, node, role, Issuer::Other(stranger))
    }),
    wound("leaf-signed-by-another-key", "chain-same-name-other-key", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let kind = cluster.authority(node, role.authority()).key.kind();
        let key = cluster.new_key(kind, rng);
        cluster.leaf(node, role).map(|leaf| leaf.other_signing_key = Some(key)).is_some()
    }),
    wound("leaf-signed-by-another-kind-of-key", "chain-same-name-other-key", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let kind = match cluster.authority(node, role.authority()).key.kind() {
            Kind::Rsa(_) => Kind::P256,
            _ => Kind::Rsa(2048),
        };
        let key = cluster.new_key(kind, rng);
        cluster.leaf(node, role).map(|leaf| leaf.other_signing_key = Some(key)).is_some()
    }),
    wound("signature-damaged", "chain-same-name-other-key", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.spoils.push(Spoil::Signature);
        })
    }),
    wound("leaf-self-signed", "chain-wrong-ca", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        reissue(cluster, node, role, Issuer::Itself)
    }),
    wound("leaf-self-signed-with-the-authority-s-name", "chain-same-name-other-key", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let name = cluster.authority(node, role.authority()).certificate.subject.clone();
        cluster
            .leaf(node, role)
            .map(|leaf| {
                leaf.issuer = Issuer::Itself;
                leaf.certificate.subject = name;
            })
            .is_some()
    }),
    wound("leaf-pinned", "chain-ca-file-is-leaf", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        if !reissue(cluster, node, role, Issuer::Itself) {
            return false;
        }
        let id = cluster.nodes[node].leaves[&role];
        trust_also(cluster, node, role.authority(), id)
    }),
    wound("intermediate-missing", "chain-missing-intermediate", |cluster, rng| {
        below_intermediate(cluster, rng, Where::Nowhere).is_some()
    }),
    wound("intermediate-in-leaf-file", "usage-odd-but-accepted", |cluster, rng| {
        below_intermediate(cluster, rng, Where::Leaf).is_some()
    }),
    wound("intermediate-in-authority-file", "usage-odd-but-accepted", |cluster, rng| {
        below_intermediate(cluster, rng, Where::Authority).is_some()
    }),
    wound("only-intermediate-in-authority-file", "usage-odd-but-accepted", |cluster, rng| {
        below_intermediate(cluster, rng, Where::AuthorityAlone).is_some()
    }),
    wound("intermediate-with-path-length-violation", "chain-pathlen", |cluster, rng| {
        let Some((node, role, _)) = below_intermediate(cluster, rng, Where::Leaf) else {
            return false;
        };
        let root = cluster.authority(node, role.authority());
        root.certificate.put(Extension::basic_constraints(true, Some(0)));
        true
    }),
    wound("intermediate-path-length-one", "usage-odd-but-accepted", |cluster, rng| {
        let Some((node, role, _)) = below_intermediate(cluster, rng, Where::Leaf) else {
            return false;
        };
        let root = cluster.authority(node, role.authority());
        root.certificate.put(Extension::basic_constraints(true, Some(1)));
        true
    }),
    wound("intermediate-not-an-authority", "chain-ca-not-a-ca", |cluster, rng| {
        let Some((_, _, id)) = below_intermediate(cluster, rng, Where::Leaf) else {
            return false;
        };
        cluster.issued(id).certificate.put(Extension::basic_constraints(false, None));
        true
    }),
    wound("intermediate-for-servers-only", "chain-ca-eku-limits", |cluster, rng| {
        let Some((_, _, id)) = below_intermediate(cluster, rng, Where::Leaf) else {
            return false;
        };
        cluster.issued(id).certificate.set_purposes(&[Purpose::Server]);
        true
    }),
    wound("intermediate-version-1", "chain-ca-not-a-ca", |cluster, rng| {
        let Some((_, _, id)) = below_intermediate(cluster, rng, Where::Leaf) else {
            return false;
        };
        version_one(&mut cluster.issued(id).certificate);
        true
    }),
    wound("intermediate-unparsable", "enc-corrupt-der", |cluster, rng| {
        let Some((_, _, id)) = below_intermediate(cluster, rng, Where::Leaf) else {
            return false;
        };
        cluster.issued(id).certificate.spoils.push(Spoil::Truncated);
        true
    }),
    wound("two-intermediates", "usage-odd-but-accepted", |cluster, rng| two_intermediates(cluster, rng, false)),
    wound("two-intermediates-reversed", "usage-odd-but-accepted", |cluster, rng| two_intermediates(cluster, rng, true)),
    wound("cross-signed-circle", "chain-wrong-ca", |cluster, rng| {
        let Some((node, role, first)) = below_intermediate(cluster, rng, Where::Leaf) else {
            return false;
        };
        let second = intermediate(cluster, node, role.authority(), rng);
        cluster.issued(first).issuer = Issuer::Other(second);
        cluster.issued(second).issuer = Issuer::Other(first);
        append(cluster, node, role, second)
    }),
    wound("root-in-leaf-file", "usage-odd-but-accepted", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let root = cluster.nodes[node].authorities[&role.authority()];
        append(cluster, node, role, root)
    }),
    wound("stranger-in-leaf-file", "usage-odd-but-accepted", |cluster, rng| {
        let Some((node, role)) = any_leaf(cluster, rng) else {
            return false;
        };
        let stranger = cluster.nodes[node].authorities[&Authority::FrontProxy];
        append(cluster, node, role, stranger)
    }),
    wound("authority-version-1", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| version_one(&mut it.certificate))
    }),
    wound("leaf-version-1", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| version_one(&mut it.certificate))
    }),
    wound("leaf-version-2", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            version_one(&mut it.certificate);
            it.certificate.version = 2;
        })
    }),
    wound("version-1-with-extensions", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| it.certificate.version = 1)
    }),
    wound("version-2-with-extensions", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| it.certificate.version = 2)
    }),
    wound("authority-other-string-type", "chain-name-encoding", |cluster, rng| {
        // the leaves keep the old encoding
        authority_renamed(cluster, rng, |name| name.retyped(tag::UTF8_STRING))
    }),
    wound("authority-name-in-other-case", "chain-name-encoding", |cluster, rng| {
        authority_renamed(cluster, rng, |name| Name::common(&name.common_name().unwrap_or_default().to_uppercase()))
    }),
    wound("authority-renewed-with-other-subject", "chain-renewed-ca-new-subject", |cluster, rng| {
        authority_renamed(cluster, rng, |name| name.clone().with(ORGANIZATION, "Example"))
    }),
    wound("authority-name-in-bmp", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.subject = Name::common_typed(tag::BMP_STRING, "kubernetes");
        })
    }),
    wound("authority-without-a-name", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.subject = Name::empty();
        })
    }),
    wound("key-identifier-mismatch", "chain-aki-mismatch", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.authority_key_id = KeyId::Bytes(vec![0xab; 20]);
        })
    }),
    wound("key-identifiers-absent", "chain-aki-mismatch", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.authority_key_id = KeyId::Absent;
        }) && authority(cluster, rng, |it, _, _| {
            it.certificate.subject_key_id = KeyId::Absent;
        })
    }),
    wound("key-identifier-empty", "chain-aki-mismatch", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            it.certificate.subject_key_id = KeyId::Bytes(Vec::new());
        })
    }),
    wound("key-identifier-with-issuer", "chain-aki-mismatch", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.authority_key_id = KeyId::Absent;
            let serial = crate::der::implicit(2, &[1]);
            let value = crate::der::sequence(&[serial]);
            it.certificate.put(Extension::new(crate::extension::AUTHORITY_KEY_ID, false, value));
        })
    }),
    wound("key-identifier-critical", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.authority_key_id = KeyId::Absent;
            let mut id = Extension::authority_key_id(&[7; 20]);
            id.critical = true;
            it.certificate.put(id);
        })
    }),
    wound("critical-extension-on-leaf", "chain-critical-extension", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::unknown(true));
        })
    }),
    wound("critical-extension-on-authority", "chain-critical-extension", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::unknown(true));
        })
    }),
    wound("unknown-extension", "usage-odd-but-accepted", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::unknown(false));
        })
    }),
    wound("addresses-of-issuer-and-crl", "usage-odd-but-accepted", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::authority_info_access());
            it.certificate.put(Extension::crl_distribution_point());
        })
    }),
    wound("address-of-issuer-critical", "alg-strict-parse", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            let mut access = Extension::authority_info_access();
            access.critical = true;
            it.certificate.put(access);
        })
    }),
    wound("crl-address-critical", "chain-critical-extension", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            let mut point = Extension::crl_distribution_point();
            point.critical = true;
            it.certificate.put(point);
        })
    }),
    wound("permits-other-domain", "chain-name-constraints", |cluster, rng| {
        constrain(cluster, rng, &[Subtree::Dns("corp.example")], &[])
    }),
    wound("permits-own-names", "usage-odd-but-accepted", |cluster, rng| {
        let own = ["localhost", "kubernetes", "svc", "local", "example", "m1", "m2", "m3"].map(Subtree::Dns);
        constrain(cluster, rng, &own, &[])
    }),
    wound("permits-everything", "usage-odd-but-accepted", |cluster, rng| {
        constrain(cluster, rng, &[Subtree::Dns("")], &[])
    }),
    wound("permits-with-leading-dot", "chain-name-constraints", |cluster, rng| {
        constrain(cluster, rng, &[Subtree::Dns(".default.svc"), Subtree::Dns("localhost")], &[])
    }),
    wound("excludes-localhost", "chain-name-constraints", |cluster, rng| {
        constrain(cluster, rng, &[], &[Subtree::Dns("localhost")])
    }),
    wound("excludes-everything", "chain-name-constraints", |cluster, rng| {
        constrain(cluster, rng, &[], &[Subtree::Dns("")])
    }),
    wound("excludes-service-names", "chain-name-constraints", |cluster, rng| {
        constrain(cluster, rng, &[], &[Subtree::Dns("DEFAULT.svc")])
    }),
    wound("permits-other-network", "chain-name-constraints", |cluster, rng| {
        let network = Subtree::Ip(vec![172, 16, 0, 0, 255, 240, 0, 0]);
        constrain(cluster, rng, &[network], &[])
    }),
    wound("permits-every-network", "usage-odd-but-accepted", |cluster, rng| {
        let networks = [Subtree::Ip(vec![0; 8]), Subtree::Ip(vec![0; 32])];
        constrain(cluster, rng, &networks, &[])
    }),
    wound("excludes-loopback-network", "chain-name-constraints", |cluster, rng| {
        let network = Subtree::Ip(vec![127, 0, 0, 0, 255, 0, 0, 0]);
        constrain(cluster, rng, &[], &[network])
    }),
    wound("excludes-network-of-six", "chain-name-constraints", |cluster, rng| {
        let network = Subtree::Ip([&[0; 16][..], &[0; 16]].concat());
        constrain(cluster, rng, &[], &[network])
    }),
    wound("constraint-with-broken-mask", "alg-strict-parse", |cluster, rng| {
        let network = Subtree::Ip(vec![10, 0, 0, 0, 255, 0, 255, 0]);
        constrain(cluster, rng, &[network], &[])
    }),
    wound("constraint-with-short-address", "alg-strict-parse", |cluster, rng| {
        constrain(cluster, rng, &[Subtree::Ip(vec![10, 0, 0, 0])], &[])
    }),
    wound("constrains-mail-only", "usage-odd-but-accepted", |cluster, rng| {
        constrain(cluster, rng, &[Subtree::Email("example.com"), Subtree::Uri("example.com")], &[])
    }),
    wound("constrains-mail-of-leaf", "chain-name-constraints", |cluster, rng| {
        let Some((node, role)) = any_leaf_of(cluster, rng, &Role::FILES) else {
            return false;
        };
        let names = [
            AltName::Email(b"root@other.example".to_vec()),
            AltName::Uri(b"https://other.example/x".to_vec()),
            AltName::dns("localhost"),
        ];
        if let Some(leaf) = cluster.leaf(node, role) {
            leaf.certificate.set_names(&names);
        }
        let allowed = [Subtree::Email("corp.example"), Subtree::Uri(".corp.example")];
        let root = cluster.authority(node, role.authority());
        root.certificate.put(Extension::name_constraints(&allowed, &[]));
        true
    }),
    wound("constrains-directory-names", "chain-critical-extension", |cluster, rng| {
        constrain(cluster, rng, &[Subtree::Directory(Name::common("kubernetes"))], &[])
    }),
    wound("constrains-directory-names-not-critical", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            let mut constraints = Extension::name_constraints(&[Subtree::Directory(Name::common("kubernetes"))], &[]);
            constraints.critical = false;
            it.certificate.put(constraints);
        })
    }),
    wound("constraints-empty", "alg-strict-parse", |cluster, rng| constrain(cluster, rng, &[], &[])),
    wound("constraint-with-wildcard", "chain-name-constraints", |cluster, rng| {
        constrain(cluster, rng, &[Subtree::Dns("*.example")], &[])
    }),
    wound("constraint-not-a-domain", "alg-strict-parse", |cluster, rng| {
        constrain(cluster, rng, &[Subtree::Dns("bad..domain")], &[])
    }),
    wound("constraint-on-wildcard-name", "chain-name-constraints", |cluster, rng| {
        let Some((node, role)) = any_leaf_of(cluster, rng, &Role::SERVERS) else {
            return false;
        };
        if let Some(leaf) = cluster.leaf(node, role) {
            leaf.certificate.set_names(&[AltName::dns("*.bar.example"), AltName::Ip(vec![127, 0, 0, 1])]);
        }
        let root = cluster.authority(node, role.authority());
        let excluded = [Subtree::Dns("foo.bar.example")];
        root.certificate.put(Extension::name_constraints(&[], &excluded));
        true
    }),
    wound("policy-required-and-missing", "chain-name-constraints", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::policy_constraints(Some(0), None));
        })
    }),
    wound("policy-required-later", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::policy_constraints(Some(3), None));
        })
    }),
    wound("policy-required-by-intermediate", "chain-name-constraints", |cluster, rng| {
        policies(cluster, rng, &[], &[], Some(Extension::policy_constraints(Some(0), None)))
    }),
    wound("policy-required-and-there", "usage-odd-but-accepted", |cluster, rng| {
        policies(cluster, rng, &[POLICY], &[POLICY], Some(Extension::policy_constraints(Some(0), None)))
    }),
    wound("policy-required-and-other", "chain-name-constraints", |cluster, rng| {
        policies(cluster, rng, &[POLICY], &[OTHER_POLICY], Some(Extension::policy_constraints(Some(0), None)))
    }),
    wound("policy-any", "usage-odd-but-accepted", |cluster, rng| {
        policies(cluster, rng, &[ANY_POLICY], &[OTHER_POLICY], Some(Extension::policy_constraints(Some(0), None)))
    }),
    wound("policy-any-inhibited", "chain-name-constraints", |cluster, rng| {
        let done =
            policies(cluster, rng, &[ANY_POLICY], &[OTHER_POLICY], Some(Extension::policy_constraints(Some(0), None)));
        if let Some(last) = cluster.issued.last_mut() {
            last.certificate.put(Extension::inhibit_any_policy(0));
        }
        done
    }),
    wound("policy-mapped", "usage-odd-but-accepted", |cluster, rng| {
        let done =
            policies(cluster, rng, &[POLICY], &[OTHER_POLICY], Some(Extension::policy_constraints(Some(0), None)));
        if let Some(last) = cluster.issued.last_mut() {
            last.certificate.put(Extension::policy_mapping(POLICY, OTHER_POLICY));
        }
        done
    }),
    wound("policy-mapped-critical", "chain-critical-extension", |cluster, rng| {
        policies(cluster, rng, &[POLICY], &[OTHER_POLICY], Some(Extension::policy_mapping(POLICY, OTHER_POLICY)))
    }),
    wound("policy-mapping-inhibited", "chain-name-constraints", |cluster, rng| {
        let done =
            policies(cluster, rng, &[POLICY], &[OTHER_POLICY], Some(Extension::policy_constraints(Some(0), Some(0))));
        if let Some(last) = cluster.issued.last_mut() {
            last.certificate.put(Extension::policy_mapping(POLICY, OTHER_POLICY));
        }
        done
    }),
    wound("policies-critical", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            let mut policies = Extension::policies(&[POLICY]);
            policies.critical = true;
            it.certificate.put(policies);
        })
    }),
    wound("policy-twice", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::policies(&[POLICY, POLICY]));
        })
    }),
    wound("policies-empty", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::policies(&[]));
        })
    }),
    wound("policy-constraints-empty", "alg-strict-parse", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::policy_constraints(None, None));
        })
    }),
    wound("policy-mapping-of-any", "alg-strict-parse", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::policy_mapping(ANY_POLICY, POLICY));
        })
    }),
    wound("inhibit-any-policy", "usage-odd-but-accepted", |cluster, rng| {
        either(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::inhibit_any_policy(0));
        })
    }),
];

/// Where an intermediate is put.
#[derive(Clone, Copy)]
enum Where {
    Nowhere,
    Leaf,
    Authority,
    AuthorityAlone,
}

fn version_one(certificate: &mut Certificate) {
    certificate.version = 1;
    certificate.extensions.clear();
    certificate.subject_key_id = KeyId::Absent;
    certificate.authority_key_id = KeyId::Absent;
}

fn reissue(cluster: &mut Cluster, node: usize, role: Role, issuer: Issuer) -> bool {
    cluster.leaf(node, role).map(|leaf| leaf.issuer = issuer).is_some()
}

/// Appends a certificate to the leaf's file.
fn append(cluster: &mut Cluster, node: usize, role: Role, id: CertificateId) -> bool {
    let Some((place, _)) = cluster.pair_places(node, role) else {
        return false;
    };
    cluster.file(node, &place).map(|file| file.parts.push(Part::Certificate(id))).is_some()
}

/// Adds a certificate to every place where `authority` is trusted.
fn trust_also(cluster: &mut Cluster, node: usize, authority: Authority, id: CertificateId) -> bool {
    for place in cluster.trust_places(node, authority) {
        if let Some(file) = cluster.file(node, &place) {
            file.parts.push(Part::Certificate(id));
        }
    }
    true
}

/// Puts an issuing authority between root and one leaf.
fn below_intermediate(cluster: &mut Cluster, rng: &mut Rng, place: Where) -> Option<(usize, Role, CertificateId)> {
    let (node, role) = any_leaf(cluster, rng)?;
    let id = intermediate(cluster, node, role.authority(), rng);
    reissue(cluster, node, role, Issuer::Other(id));
    match place {
        Where::Nowhere => {}
        Where::Leaf => {
            append(cluster, node, role, id);
        }
        Where::Authority => {
            trust_also(cluster, node, role.authority(), id);
        }
        Where::AuthorityAlone => {
            for place in cluster.trust_places(node, role.authority()) {
                if let Some(file) = cluster.file(node, &place) {
                    *file = File::certificate(id);
                }
            }
        }
    }
    Some((node, role, id))
}

fn two_intermediates(cluster: &mut Cluster, rng: &mut Rng, reversed: bool) -> bool {
    let Some((node, role, upper)) = below_intermediate(cluster, rng, Where::Nowhere) else {
        return false;
    };
    let lower = intermediate(cluster, node, role.authority(), rng);
    cluster.issued(lower).issuer = Issuer::Other(upper);
    cluster.issued(lower).certificate.subject = Name::common("issuing-lower");
    reissue(cluster, node, role, Issuer::Other(lower));
    let order = if reversed { [upper, lower] } else { [lower, upper] };
    order.into_iter().all(|id| append(cluster, node, role, id))
}

/// A new certificate for the key of an authority, under a changed name; leaves still name the old one.
fn authority_renamed(cluster: &mut Cluster, rng: &mut Rng, rename: impl Fn(&Name) -> Name) -> bool {
    let node = super::any_node(cluster, rng);
    let chosen = super::any_authority(rng);
    let original = cluster.authority(node, chosen).clone();
    let mut certificate = original.certificate;
    certificate.subject = rename(&certificate.subject);
    certificate.serial = vec![0x33];
    certificate = certificate.valid(cluster.at - DAY, cluster.at + 3000 * DAY);
    let id = cluster.issue(certificate, original.key, Issuer::Itself);
    for place in cluster.trust_places(node, chosen) {
        if let Some(file) = cluster.file(node, &place) {
            *file = File::certificate(id);
        }
    }
    true
}

fn constrain(cluster: &mut Cluster, rng: &mut Rng, permitted: &[Subtree], excluded: &[Subtree]) -> bool {
    let chosen = if rng.chance(50) { Authority::Etcd } else { Authority::Cluster };
    let node = super::any_node(cluster, rng);
    let root = cluster.authority(node, chosen);
    root.certificate.put(Extension::name_constraints(permitted, excluded));
    true
}

/// An intermediate with policies of its own above a leaf with its own.
fn policies(
    cluster: &mut Cluster,
    rng: &mut Rng,
    above: &[&[u64]],
    below: &[&[u64]],
    extension: Option<Extension>,
) -> bool {
    let Some((node, role, id)) = below_intermediate(cluster, rng, Where::Leaf) else {
        return false;
    };
    let certificate = &mut cluster.issued(id).certificate;
    if !above.is_empty() {
        certificate.put(Extension::policies(above));
    }
    if let Some(extension) = extension {
        certificate.put(extension);
    }
    if let Some(leaf) = cluster.leaf(node, role)
        && !below.is_empty()
    {
        leaf.certificate.put(Extension::policies(below));
    }
    true
}
