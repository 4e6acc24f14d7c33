//! Keys, signatures, serials and versions that one Go still takes and another does not.

use super::steps::{BACK_UP, EDIT, ETCD_READS, RESTART, RESTART_TRUST};
use super::{Folk, Mode, folk};

const NEW_KEY: &str = "pkidoctor regen etcd-server --key-type rsa2048 --backup, or whichever scan names";

const ROTATE_ETCD: &str =
    "etcd's CA: pkidoctor regen etcd-ca --key-type p256 (shows the next of the three steps that replace it)";

const ROTATE_OTHER: &str =
    "another CA, by hand: trust old and new, issue the leaves again, drop the old one; restart its readers in between";

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "alg-sha1",
        title: "SHA-1 or MD5 signs a certificate, and Go no longer takes that",
        codes: &["sha1-signature", "refused-after-upgrade"],
        confirm: "openssl x509 -noout -text -in FILE: sha1With… or md5With… as signature of anything but a self-signed root is this",
        treatment: &[
            "make it anew: pkidoctor regen all --backup, or only the target that scan names",
            "an intermediate is signed again by the CA above it, with the same key",
            ETCD_READS,
        ],
        avoid: &[
            folk::GODEBUG,
            Folk {
                advice: "replacing a self-signed SHA-1 root for this",
                really: "a root's own signature is not looked at",
            },
        ],
    },
    Mode {
        slug: "alg-rsa-small",
        title: "an RSA key is too small for TLS",
        codes: &["rsa-too-small", "refused-after-upgrade"],
        confirm: "openssl x509 -noout -text -in FILE: less than 2048 bit at Public-Key",
        treatment: &[NEW_KEY, ETCD_READS, ROTATE_ETCD, ROTATE_OTHER],
        avoid: &[Folk {
            advice: "issuing it again with the key kept",
            really: "a certificate for the same key has the same size",
        }],
    },
    Mode {
        slug: "alg-rsa-large",
        title: "RSA keys above 8192 bits are refused in a handshake",
        codes: &["rsa-too-large", "refused-after-upgrade"],
        confirm: "openssl x509 -noout -text -in FILE: more than 8192 bit at Public-Key",
        treatment: &[NEW_KEY, ETCD_READS],
        avoid: &[Folk {
            advice: "an older Go or etcd that still takes it",
            really: "the limit was added against an attack on handshakes, and comes back with the next upgrade",
        }],
    },
    Mode {
        slug: "alg-negative-serial",
        title: "a certificate has a negative serial number, which newer Go does not parse",
        codes: &["negative-serial", "refused-after-upgrade"],
        confirm: "openssl x509 -noout -serial -in FILE: a minus sign is this",
        treatment: &[
            "a leaf: pkidoctor regen etcd-server --backup, or whichever scan names",
            "a CA: issue its certificate again with another serial, same key, byte-identical subject, and put it on every node",
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[folk::GODEBUG],
    },
    Mode {
        slug: "alg-serial-zero-or-duplicate",
        title: "two certificates of one CA have the same serial number, or one has the serial 0",
        codes: &["duplicate-serial"],
        confirm: "openssl x509 -noout -issuer -serial of both files",
        treatment: &[
            "nothing is to be done at once: Go does not compare serial numbers",
            "where a revocation list is in use, make one of them anew now: it revokes by serial, and so both",
            "else at its next issue, with a random serial: pkidoctor regen etcd-server --backup, or whichever scan names",
        ],
        avoid: &[Folk {
            advice: "openssl x509 -set_serial 01 in a loop",
            really: "every certificate then has the same serial",
        }],
    },
    Mode {
        slug: "alg-strict-parse",
        title: "a certificate is malformed in a way that old Go took and newer Go does not",
        codes: &["malformed-certificate", "refused-after-upgrade", "san-mapped-address"],
        confirm: "pkidoctor inspect FILE --for-go 1.27: it says what a strict parser refuses",
        treatment: &[
            "make it anew before any image is upgraded: pkidoctor regen etcd-server --backup, or whichever scan names",
            "a CA: issue its certificate again, well formed, same key, byte-identical subject, and put it on every node",
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[
            Folk { advice: "upgrading first", really: "the link breaks with the first new image" },
            folk::S_CLIENT,
        ],
    },
    Mode {
        slug: "alg-tls-version",
        title: "client and server have no TLS version in common",
        codes: &["tls-version-flags"],
        confirm: "pkidoctor probe --tls 1.2, then pkidoctor probe --tls 1.3: one of the two succeeds",
        treatment: &[
            "upgrade the older of the two: etcd's line tells which versions the client offered",
            "correct or drop --tls-min-version and --tls-max-version: the default is TLS 1.2 and above",
            EDIT,
        ],
        avoid: &[
            Folk {
                advice: "making certificates anew",
                really: "the handshake ends before any certificate is looked at",
            },
            Folk { advice: "switching TLS 1.0 on by GODEBUG", really: "it is per process, and no upgrade keeps it" },
        ],
    },
    Mode {
        slug: "alg-cipher",
        title: "the cipher suites that are allowed do not fit the kind of key",
        codes: &["cipher-suite-mismatch"],
        confirm: "--cipher-suites in the flags, against the kind of key that this shows: pkidoctor inspect /etc/kubernetes/pki/etcd/server.crt",
        treatment: &[
            "drop --cipher-suites, whose default is sound, or list suites for both kinds of key (ECDHE_ECDSA and ECDHE_RSA)",
            EDIT,
        ],
        avoid: &[Folk {
            advice: "testing with a TLS 1.3 client",
            really: "the list counts for TLS 1.2 only: such a client succeeds all the same",
        }],
    },
    Mode {
        slug: "alg-kubeadm-key-type",
        title: "kubeadm takes RSA and ECDSA keys only, and a CA has another kind",
        codes: &["kubeadm-key-type"],
        confirm: "pkidoctor inspect /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/etcd/ca.crt: a key that is neither RSA nor ECDSA",
        treatment: &[
            "there is time until kubeadm is needed: etcd and Kubernetes take such keys",
            BACK_UP,
            ROTATE_ETCD,
            ROTATE_OTHER,
        ],
        avoid: &[Folk {
            advice: "converting the key file to another format",
            really: "the algorithm stays what it is",
        }],
    },
];
