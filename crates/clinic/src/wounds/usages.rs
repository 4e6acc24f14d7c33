//! Purposes, key usage and who may be an authority.

use super::{Wound, authority, leaf, leaf_of, wound};
use crate::cluster::Role;
use crate::extension::{BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, Extension, KEY_USAGE, Purpose, usage_bit};

const CLIENTS: [Role; 8] = [
    Role::EtcdHealthcheckClient,
    Role::ApiserverEtcdClient,
    Role::ApiserverKubeletClient,
    Role::FrontProxyClient,
    Role::Admin,
    Role::ControllerManager,
    Role::Scheduler,
    Role::Kubelet,
];

pub(super) const WOUNDS: &[Wound] = &[
    wound("usage-none", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.drop_extension(EXTENDED_KEY_USAGE);
        })
    }),
    wound("usage-any", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Any]);
        })
    }),
    wound("usage-server-without-client", "usage-server-without-clientauth", |cluster, rng| {
        leaf_of(cluster, rng, &[Role::EtcdServer], |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Server]);
        })
    }),
    wound("usage-peer-without-client", "usage-peer-without-clientauth", |cluster, rng| {
        leaf_of(cluster, rng, &[Role::EtcdPeer], |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Server]);
        })
    }),
    wound("usage-peer-without-server", "usage-peer-without-serverauth", |cluster, rng| {
        leaf_of(cluster, rng, &[Role::EtcdPeer], |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Client]);
        })
    }),
    wound("usage-client-serves-only", "usage-client-serverauth-only", |cluster, rng| {
        leaf_of(cluster, rng, &CLIENTS, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Server]);
        })
    }),
    wound("usage-server-is-client-only", "usage-server-clientauth-only", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Client]);
        })
    }),
    wound("usage-unknown-only", "usage-client-serverauth-only", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Unknown]);
        })
    }),
    wound("usage-unknown-beside", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Unknown, Purpose::Client, Purpose::Server]);
        })
    }),
    wound("usage-email-only", "usage-client-serverauth-only", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Email]);
        })
    }),
    wound("usage-netscape", "usage-server-clientauth-only", |cluster, rng| {
        leaf_of(cluster, rng, &Role::SERVERS, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::NetscapeServer]);
        })
    }),
    wound("usage-empty", "alg-strict-parse", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| it.certificate.set_purposes(&[]))
    }),
    wound("usage-critical", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            let mut purposes = Extension::purposes(&[Purpose::Client, Purpose::Server]);
            purposes.critical = true;
            it.certificate.put(purposes);
        })
    }),
    wound("usage-garbage", "enc-corrupt-der", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::new(EXTENDED_KEY_USAGE, false, vec![0x30, 3, 6, 0, 5]));
        })
    }),
    wound("key-usage-none", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.drop_extension(KEY_USAGE);
        })
    }),
    wound("key-usage-empty", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::key_usage(&[]));
        })
    }),
    wound("key-usage-without-signature", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::key_usage(&[usage_bit::KEY_ENCIPHERMENT]));
        })
    }),
    wound("key-usage-of-an-authority", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::key_usage(&[usage_bit::CERT_SIGN, usage_bit::CRL_SIGN]));
        })
    }),
    wound("key-usage-garbage", "enc-corrupt-der", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::new(KEY_USAGE, true, vec![0x04, 1, 0xa0]));
        })
    }),
    wound("key-usage-with-bad-padding", "enc-corrupt-der", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::new(KEY_USAGE, true, vec![0x03, 2, 5, 0xbf]));
        })
    }),
    wound("leaf-is-authority", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::basic_constraints(true, None));
        })
    }),
    wound("leaf-says-not-authority", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::basic_constraints(false, None));
        })
    }),
    wound("leaf-with-path-length", "usage-odd-but-accepted", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::basic_constraints(false, Some(3)));
        })
    }),
    wound("basic-constraints-garbage", "enc-corrupt-der", |cluster, rng| {
        leaf(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::new(BASIC_CONSTRAINTS, true, vec![0x30, 3, 2, 1, 0xff]));
        })
    }),
    wound("authority-for-servers-only", "chain-ca-eku-limits", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Server]);
        })
    }),
    wound("authority-for-clients-only", "chain-ca-eku-limits", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Client]);
        })
    }),
    wound("authority-for-email-only", "chain-ca-eku-limits", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Email, Purpose::Unknown]);
        })
    }),
    wound("authority-for-any", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Any]);
        })
    }),
    wound("authority-for-both", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.set_purposes(&[Purpose::Server, Purpose::Client]);
        })
    }),
    wound("authority-without-cert-sign", "chain-ca-not-a-ca", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::key_usage(&[usage_bit::DIGITAL_SIGNATURE]));
        })
    }),
    wound("authority-without-key-usage", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.drop_extension(KEY_USAGE);
        })
    }),
    wound("authority-false", "chain-ca-not-a-ca", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::basic_constraints(false, None));
        })
    }),
    wound("authority-without-basic-constraints", "chain-ca-not-a-ca", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.drop_extension(BASIC_CONSTRAINTS);
        })
    }),
    wound("authority-basic-constraints-not-critical", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            let mut constraints = Extension::basic_constraints(true, None);
            constraints.critical = false;
            it.certificate.put(constraints);
        })
    }),
    wound("authority-path-length-zero", "usage-odd-but-accepted", |cluster, rng| {
        authority(cluster, rng, |it, _, _| {
            it.certificate.put(Extension::basic_constraints(true, Some(0)));
        })
    }),
];
