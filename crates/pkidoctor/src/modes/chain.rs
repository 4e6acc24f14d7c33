//! Chains that do not end at a CA that the other side trusts, or that a CA on the way forbids.

use super::steps::{
    APISERVER_AT_START, BACK_UP, BY_HAND_FRONT_PROXY, EDIT, RENEW_CA, RESTART, RESTART_TRUST, SPREAD_CA,
};
use super::{Folk, Mode, folk};

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "chain-same-name-other-key",
        title: "the CA was made anew under its old name, and what the old one signed is refused",
        codes: &["ca-regenerated"],
        confirm: "pkidoctor verify /etc/kubernetes/pki/apiserver-etcd-client.crt --ca /etc/kubernetes/pki/etcd/ca.crt --usage client: `possibly because of` in the answer is this",
        treatment: &[
            BACK_UP,
            "pkidoctor scan cp1/pki cp2/pki cp3/pki: with copies of all nodes it tells which CA signed what",
            "choose the CA that most leaves and the other nodes chain to; put it back with its key, from a backup or another node",
            "else make the new one the cluster's own, on every node: pkidoctor regen etcd --adopt-ca --backup; for the cluster's CA: pkidoctor regen all --adopt-ca --backup",
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[folk::SYSTEM_STORE, folk::CA_ONCE_MORE, folk::SKIP_VERIFY, folk::KUBEADM_RESET],
    },
    Mode {
        slug: "chain-wrong-ca",
        title: "a certificate is signed by another CA than the one that the other side trusts",
        codes: &["signed-by-other-ca"],
        confirm: "pkidoctor inspect /etc/kubernetes/pki/etcd/server.crt /etc/kubernetes/pki/etcd/ca.crt: issuer of the leaf and subject of the CA have to be the same",
        treatment: &[
            "pkidoctor scan: signed-by-other-ca names the leaf, the CA that is trusted and the one that signed",
            "make the leaf anew from the CA of its role: pkidoctor regen etcd-server --backup, or whichever it is",
            "where only one consumer was pointed at another CA file, point it back instead",
            EDIT,
        ],
        avoid: &[
            Folk {
                advice: "pointing --trusted-ca-file at the cluster CA",
                really: "every kubelet and every other client of the cluster becomes a client of etcd",
            },
            folk::OTHER_CA_TOO,
            folk::SYSTEM_STORE,
            folk::CONCATENATE,
        ],
    },
    Mode {
        slug: "chain-missing-intermediate",
        title: "the intermediate CA is neither sent along nor trusted",
        codes: &["issuer-missing", "signed-by-other-ca"],
        confirm: "openssl s_client -connect HOST:2379 -showcerts: a leaf alone, where the CA file holds only the root, is this",
        treatment: &[
            "append the intermediates to the leaf's file, behind the leaf",
            "or put the intermediate into the CA file of whoever refuses: Go takes an intermediate as an anchor",
            "etcd reads its pair at each handshake; restart whoever reads a changed CA file",
            RESTART,
        ],
        avoid: &[
            Folk { advice: "issuing the certificate again", really: "it is sound, only its issuer is not sent along" },
            folk::S_CLIENT,
        ],
    },
    Mode {
        slug: "chain-ca-not-a-ca",
        title: "the issuer is no CA by its own extensions",
        codes: &["issuer-not-ca"],
        confirm: "openssl x509 -noout -text -in /etc/kubernetes/pki/etcd/ca.crt: without CA:TRUE, or with a key usage that lacks Certificate Sign, it is this",
        treatment: &[
            BACK_UP,
            "issue the CA certificate again with CA:TRUE and keyCertSign, same key, byte-identical subject: its leaves stay valid",
            SPREAD_CA,
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[folk::S_CLIENT, folk::CA_ONCE_MORE],
    },
    Mode {
        slug: "chain-ca-eku-limits",
        title: "the CA above the leaf is limited to other uses than the leaf's",
        codes: &["ca-usage-limits"],
        confirm: "openssl x509 -noout -ext extendedKeyUsage -in CA-FILE: a list without the usage that was refused is this",
        treatment: &[
            "issue the CA certificate again without extended key usage, or with serverAuth and clientAuth, same key, byte-identical subject",
            "where the CA is somebody else's, give etcd a CA of its own",
            SPREAD_CA,
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[
            Folk {
                advice: "adding clientAuth to the leaf once more",
                really: "the CA above it still excludes it: Go takes what the whole chain allows",
            },
            folk::S_CLIENT,
        ],
    },
    Mode {
        slug: "chain-pathlen",
        title: "there are more CAs in the chain than its root allows",
        codes: &["path-length-exceeded"],
        confirm: "openssl x509 -noout -ext basicConstraints -in CA-FILE: pathlen:0 above an intermediate is this",
        treatment: &[
            "issue the leaves from the root itself, without an intermediate",
            "or issue that CA again with a longer path length or none, same key, byte-identical subject, and put it on every node",
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[Folk {
            advice: "issuing the leaf again from the same intermediate",
            really: "the chain stays as long as it is",
        }],
    },
    Mode {
        slug: "chain-name-constraints",
        title: "the CA may not sign a name that stands in the certificate",
        codes: &["name-constraint-violated"],
        confirm: "openssl x509 -noout -ext nameConstraints -in CA-FILE: the names that it permits, against every name and address of the leaf",
        treatment: &[
            "give etcd a CA of its own, without name constraints, and issue its certificates from that",
            "or leave out of the certificate every name that the CA may not sign, where no client needs it",
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[Folk {
            advice: "making it anew from the same CA",
            really: "kubeadm's names always hold localhost, 127.0.0.1 and the node's name",
        }],
    },
    Mode {
        slug: "chain-name-encoding",
        title: "the CA's subject reads the same as the issuer but is encoded as another string type",
        codes: &["name-encoding-differs"],
        confirm: "pkidoctor verify LEAF --ca CA-FILE: refused without `possibly because of`, while openssl verify says OK",
        treatment: &[
            "issue the CA certificate again with the same key and the subject in the bytes that its leaves name as issuer",
            SPREAD_CA,
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[Folk {
            advice: "trusting openssl verify here",
            really: "it normalises the strings before it compares; Go compares bytes",
        }],
    },
    Mode {
        slug: "chain-renewed-ca-new-subject",
        title: "the CA was renewed with its old key but another subject",
        codes: &["ca-renamed"],
        confirm: "pkidoctor inspect /etc/kubernetes/pki/etcd/server.crt /etc/kubernetes/pki/etcd/ca.crt: another issuer than the CA's subject, though the key is the old one",
        treatment: &[RENEW_CA, SPREAD_CA, RESTART_TRUST, RESTART],
        avoid: &[
            Folk { advice: "making a new CA key", really: "the key is right, only the name is not" },
            folk::SYSTEM_STORE,
        ],
    },
    Mode {
        slug: "chain-ca-file-is-leaf",
        title: "a file that should hold the CA holds a leaf, so everybody else is refused",
        codes: &["ca-file-is-leaf"],
        confirm: "pkidoctor inspect FILE, with the file of --trusted-ca-file or --cacert: it has to be a CA",
        treatment: &[
            "set the flag to the CA: --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt, likewise --peer-trusted-ca-file",
            EDIT,
            "where the CA's file itself was overwritten, put it back from a backup or another control-plane node, then restart",
            RESTART,
        ],
        avoid: &[
            Folk { advice: "making the leaves anew", really: "none of them will ever chain to a leaf" },
            folk::CONCATENATE,
        ],
    },
    Mode {
        slug: "chain-ca-bundle-first",
        title: "a CA file holds several certificates, and kubeadm or the signer takes the wrong one or none",
        codes: &["ca-bundle-order"],
        confirm: "grep -c 'BEGIN CERTIFICATE' /etc/kubernetes/pki/ca.crt: more than one in a file that signs is this",
        treatment: &[
            "leave in the file only the CA that matches the key beside it",
            "put the bundle into a file of its own and point the flags that trust at it (--client-ca-file, --root-ca-file, --trusted-ca-file)",
            EDIT,
            "restart kube-controller-manager",
            RESTART,
        ],
        avoid: &[folk::CONCATENATE],
    },
    Mode {
        slug: "chain-shared-ca",
        title: "etcd trusts the cluster CA, so every client of the cluster is a client of etcd",
        codes: &["shared-ca"],
        confirm: "pkidoctor inspect /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/etcd/ca.crt: the same public key in both is this",
        treatment: &[
            BACK_UP,
            "make a CA for etcd alone, and have etcd and its clients trust a bundle of both",
            "restart etcd and kube-apiserver, one node at a time; then issue etcd's certificates and its clients' from the new CA",
            "drop the cluster CA from the bundle and restart them once more",
            RESTART,
        ],
        avoid: &[Folk {
            advice: "exchanging the CA file at once",
            really: "every client is refused until its certificate is new",
        }],
    },
    Mode {
        slug: "chain-frontproxy-same-ca",
        title: "the front-proxy CA is the cluster CA, so ordinary clients may pass for the proxy",
        codes: &["front-proxy-shared-ca"],
        confirm: "pkidoctor inspect /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/front-proxy-ca.crt: the same public key in both is this",
        treatment: &[
            "make a front-proxy CA of its own (kubeadm init phase certs front-proxy-ca, after moving the old files away)",
            "copy it to every control-plane node, then there: pkidoctor regen front-proxy-client --adopt-ca --backup",
            "restart kube-apiserver, then the extension servers",
            RESTART,
        ],
        avoid: &[Folk {
            advice: "emptying --requestheader-allowed-names",
            really: "any client that the CA signed could then assert any user",
        }],
    },
    Mode {
        slug: "chain-frontproxy-mismatch",
        title: "the extension server does not trust kube-apiserver's front-proxy client",
        codes: &["signed-by-other-ca", "ca-regenerated", "request-header-names"],
        confirm: "kubectl -n kube-system get cm extension-apiserver-authentication -o yaml: its request-header CA has to be that of front-proxy-client.crt",
        treatment: &[
            "pkidoctor scan cp1/pki cp2/pki cp3/pki: the front-proxy CA has to be the same on all nodes; copy it, with its key, where it is not",
            "pkidoctor regen front-proxy-client --backup; with --adopt-ca where its CA was replaced",
            BY_HAND_FRONT_PROXY,
            "let --requestheader-allowed-names hold front-proxy-client",
            APISERVER_AT_START,
            RESTART,
            "restart the extension server (metrics-server and the like): old ones read the CA only at start",
        ],
        avoid: &[
            Folk {
                advice: "emptying --requestheader-allowed-names",
                really: "with a CA that signs others, too, any of them could assert any user",
            },
            folk::CA_ONCE_MORE,
        ],
    },
    Mode {
        slug: "chain-aki-mismatch",
        title: "the leaf's authority key identifier is not the CA's key identifier; Go does not mind",
        codes: &["key-id-differs"],
        confirm: "pkidoctor verify LEAF --ca CA-FILE: `ok` means that Go accepts it, whatever openssl says",
        treatment: &[
            "nothing is to be done for etcd and Kubernetes: Go takes the identifier as a hint only",
            "where OpenSSL clients have to verify it, issue the certificate again at the next occasion",
        ],
        avoid: &[folk::S_CLIENT],
    },
    Mode {
        slug: "chain-critical-extension",
        title: "a certificate has a critical extension that Go does not know",
        codes: &["unknown-critical-extension"],
        confirm: "openssl x509 -noout -text -in FILE: an extension marked critical that is shown as a bare number is this",
        treatment: &[
            "issue the certificate again without it: pkidoctor regen etcd-server --backup, or whichever scan names",
            "where the CA has it: issue the CA certificate again without it, same key, byte-identical subject, and restart who trusts it",
            RESTART,
        ],
        avoid: &[folk::SKIP_VERIFY],
    },
];
