//! Certificates and keys that do not belong together.

use super::steps::{ETCD_READS, RESTART};
use super::{Folk, Mode, folk};

const ONE_HALF: Folk =
    Folk { advice: "copying only the key or only the certificate", really: "both belong together, from one place" };

const KEY_ALONE: Folk = Folk { advice: "making a new key alone", really: "a pair is replaced as a pair" };

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "pair-cert-key-mismatch",
        title: "a certificate and the key beside it do not belong together",
        codes: &["key-mismatch"],
        confirm: "on that node, pkidoctor scan: key-mismatch says whose the stray key is and where the right one lies",
        treatment: &[
            "pkidoctor fix",
            "fix puts the right half back where it lies in the tree, else makes both anew",
            "or make both anew: pkidoctor regen etcd-server --backup; for the peer port: pkidoctor regen etcd-peer --backup",
            "by hand: put the key that matches back from a backup, mode 0600; never replace one file of a pair alone",
            ETCD_READS,
        ],
        avoid: &[
            folk::SAME_FILES_AGAIN,
            ONE_HALF,
            Folk {
                advice: "kubeadm certs renew without a look at the old certificate",
                really: "makes a new pair, but with the old names and usages, and only where the CA's key is",
            },
        ],
    },
    Mode {
        slug: "pair-type-mismatch",
        title: "a certificate and the key beside it are of different algorithms",
        codes: &["key-type-mismatch"],
        confirm: "pkidoctor inspect /etc/kubernetes/pki/etcd/server.crt /etc/kubernetes/pki/etcd/server.key: two kinds of key are this",
        treatment: &[
            "pkidoctor fix",
            "fix puts the right half back where it lies in the tree, else makes both anew",
            "or make both anew: pkidoctor regen etcd-server --backup; for the peer port: pkidoctor regen etcd-peer --backup",
            "let encryptionAlgorithm of kubeadm's configuration say the same on every node",
            ETCD_READS,
        ],
        avoid: &[KEY_ALONE, folk::SAME_FILES_AGAIN],
    },
    Mode {
        slug: "pair-mismatch-live",
        title: "etcd runs and can no longer load its own pair: one of its files was replaced or is gone",
        codes: &["key-mismatch", "key-type-mismatch"],
        confirm: "on that node, pkidoctor probe: `internal error` (alert 80) from port 2379 or 2380 means that etcd cannot load its pair",
        treatment: &[
            "pkidoctor fix",
            "fix puts the right half back where it lies in the tree, else makes both anew",
            "or make both anew: pkidoctor regen etcd-server --backup; for the peer port: pkidoctor regen etcd-peer --backup",
            "no restart: etcd takes the pair as soon as both files fit each other",
            "have whatever renews them replace certificate and key back to back",
        ],
        avoid: &[
            Folk {
                advice: "restarting etcd first",
                really: "with these files it does not start again, and the connections that still work are lost",
            },
            KEY_ALONE,
        ],
    },
    Mode {
        slug: "pair-chain-order",
        title: "the leaf is not the first certificate in its file",
        codes: &["wrong-certificate-first"],
        confirm: "pkidoctor inspect /etc/kubernetes/pki/etcd/server.crt: the first certificate has to be the leaf",
        treatment: &[
            "pkidoctor fix",
            "fix writes the leaf first, then its intermediates",
            "by hand: write the file anew as leaf, then intermediates; a CA does not belong into it",
            ETCD_READS,
        ],
        avoid: &[Folk {
            advice: "issuing the pair again",
            really: "certificate and key are sound and belong together, only their order is wrong",
        }],
    },
    Mode {
        slug: "pair-swapped-files",
        title: "certificate and key are exchanged, in the flags or on disk",
        codes: &["pair-swapped"],
        confirm: "head -n 1 of both files that the flags name: PRIVATE KEY in the certificate's place is this",
        treatment: &[
            "pkidoctor fix",
            "where the files are exchanged, fix puts each half into its place",
            "or exchange the values of the two flags in the manifest; the kubelet restarts the pod by itself",
            "by hand: exchange the files, and give the key mode 0600",
        ],
        avoid: &[
            Folk { advice: "issuing the pair again", really: "both halves are sound, only in each other's place" },
            folk::BACKUP_IN_MANIFESTS,
        ],
    },
    Mode {
        slug: "pair-ca-crt-key-mismatch",
        title: "a CA's key is not the key of its certificate",
        codes: &["ca-key-mismatch"],
        confirm: "openssl pkey -pubout -in ca.key and openssl x509 -pubkey -noout -in ca.crt must print the same",
        treatment: &[
            "sign nothing until it is mended: neither kubeadm certs renew nor kubelet requests",
            "find the key of the certificate that is trusted: another control-plane node, a backup, a vault",
            "copy certificate and key together to every control-plane node that lacks them, with owner and modes",
            "make anew what the wrong key has signed: pkidoctor scan, then pkidoctor fix",
            "restart kube-controller-manager, which signs kubelet certificates with this pair",
            RESTART,
        ],
        avoid: &[
            Folk {
                advice: "kubeadm certs renew all",
                really: "stops half-way, or signs every leaf with the wrong key",
            },
            folk::CA_ONCE_MORE,
        ],
    },
    Mode {
        slug: "pair-sa-mismatch",
        title: "sa.pub is not the public half of sa.key, so tokens are refused",
        codes: &["sa-key-mismatch"],
        confirm: "openssl pkey -in /etc/kubernetes/pki/sa.key -pubout, compared with /etc/kubernetes/pki/sa.pub: they must be the same",
        treatment: &[
            "see first which sa.key the other nodes and backups have: with the old one back, tokens that are out stay valid",
            "pkidoctor regen sa.pub --backup",
            "by hand, beside sa.key: openssl pkey -in sa.key -pubout -out sa.pub",
            "have the same pair on every control-plane node",
            "restart kube-apiserver and kube-controller-manager, one node at a time",
            RESTART,
            "recreate pods whose tokens were signed with a key that is lost",
        ],
        avoid: &[
            folk::DELETE_TOKENS,
            Folk { advice: "moving sa.key away", really: "kubeadm makes a new one, and every token is invalid" },
        ],
    },
];
