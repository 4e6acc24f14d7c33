//! Files whose bytes are not what Go's readers want.

use super::steps::{ETCD_READS, RESTART, RESTART_TRUST};
use super::{Folk, Mode, folk};

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "enc-no-pem",
        title: "a certificate or key file holds no PEM that Go can find: empty, DER, indented, cut or encoded twice",
        codes: &["not-pem", "file-empty"],
        confirm: "ls -l FILE; head -c 40 FILE | xxd: size 0, a first byte 30 (DER), EF BB BF, or blanks before the dashes",
        treatment: &[
            "pkidoctor fix",
            "fix writes what can be read as clean PEM, else puts back or makes anew",
            "by hand, for DER: openssl x509 -inform DER -in FILE -out FILE.pem, then into its place",
            "empty or cut: df first, then a backup, then pkidoctor regen etcd-server --backup, or whichever scan names",
            ETCD_READS,
        ],
        avoid: &[
            Folk {
                advice: "making a CA anew because of a BOM in its file",
                really: "the CA is sound, only its file is not",
            },
            folk::WRAPPING_ONLY,
            folk::SAME_FILES_AGAIN,
        ],
    },
    Mode {
        slug: "enc-ca-empty-pool",
        title: "etcd could load no CA from its CA file, started all the same and refuses everybody",
        codes: &["ca-pool-empty", "ca-pool-partial"],
        confirm: "pkidoctor inspect /etc/kubernetes/pki/etcd/ca.crt: no certificate, or fewer than its BEGIN lines, is this",
        treatment: &[
            "pkidoctor fix",
            "fix writes what can be read as clean PEM, or puts the CA back from the tree",
            "else put the file back from another control-plane node or a backup",
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[
            folk::SYSTEM_STORE,
            folk::CA_ONCE_MORE,
            Folk {
                advice: "making the client certificates anew",
                really: "a pool without CAs refuses every client, the new ones, too",
            },
        ],
    },
    Mode {
        slug: "enc-ca-file-with-key",
        title: "something else than certificates stands in the CA file, a private key for instance",
        codes: &["ca-file-with-key", "key-exposed", "key-in-certificate-file"],
        confirm: "grep BEGIN /etc/kubernetes/pki/etcd/ca.crt: every line has to say CERTIFICATE",
        treatment: &[
            "pkidoctor fix",
            "fix writes the CA file anew with its certificates alone",
            "by hand: remove the block from the CA file, and keep a key in a file of its own, mode 0600",
            "take the key as lost where others could read the file (CA files are 0644, and copied around): plan a new CA",
            "etcd's CA: pkidoctor regen etcd-ca (shows the next of the three steps that replace it)",
            RESTART_TRUST,
            RESTART,
        ],
        avoid: &[Folk {
            advice: "cat ca.crt ca.key > ca.pem",
            really: "etcd reads every PEM block of a CA file as a certificate and does not start",
        }],
    },
    Mode {
        slug: "enc-corrupt-der",
        title: "the bytes of a certificate or key are damaged",
        codes: &["malformed-certificate", "malformed-key", "key-inconsistent"],
        confirm: "pkidoctor inspect FILE: it says which block does not parse, and why",
        treatment: &[
            "pkidoctor fix",
            "fix puts an intact copy back where the tree has one, else makes the pair anew",
            "or: pkidoctor regen etcd-server --backup, or whichever scan names",
            "a CA's file: put it back from another control-plane node or a backup, then restart who reads it",
            RESTART,
        ],
        avoid: &[
            Folk { advice: "editing base64 by hand", really: "the signature no longer fits, whatever parses" },
            folk::SAME_FILES_AGAIN,
        ],
    },
    Mode {
        slug: "enc-encrypted-key",
        title: "a private key is protected by a passphrase, and nobody can ask for it",
        codes: &["encrypted-key"],
        confirm: "grep -m 1 -e ENCRYPTED KEY-FILE: a match is this",
        treatment: &[
            "umask 077; openssl pkey -in KEY -out KEY.plain; then mv KEY.plain KEY (it asks for the passphrase)",
            "where the passphrase is lost: pkidoctor regen etcd-server --backup, or whichever scan names",
            ETCD_READS,
        ],
        avoid: &[Folk {
            advice: "a passphrase in a variable or flag",
            really: "neither etcd nor Kubernetes knows one",
        }],
    },
    Mode {
        slug: "enc-wrong-pem-label",
        title: "a file holds PEM of another kind than its role: a request, a public key, a TRUSTED CERTIFICATE",
        codes: &["wrong-pem-label", "unsupported-key"],
        confirm: "grep BEGIN FILE: the error names the labels that were skipped",
        treatment: &[
            "a request or a public key: fetch the certificate or the private key that belongs there",
            "a TRUSTED CERTIFICATE: openssl x509 -in FILE -out FILE.pem writes it plain, then into its place",
            "or make both anew: pkidoctor regen etcd-server --backup, or whichever scan names",
            ETCD_READS,
        ],
        avoid: &[Folk {
            advice: "changing the label in an editor",
            really: "what stands between the lines stays what it is",
        }],
    },
    Mode {
        slug: "enc-harmless",
        title: "a file looks unusual, and Go reads it all the same",
        codes: &[],
        confirm: "pkidoctor inspect FILE: what it shows, Go has read; CRLF, text before the block, PKCS#1, SEC1 and key beside certificate are fine",
        treatment: &[
            "nothing is to be done: Go accepts all of these forms; look for another cause",
            "a Java client (jetcd) wants its own key as PKCS#8: openssl pkcs8 -topk8 -nocrypt",
        ],
        avoid: &[folk::WRAPPING_ONLY],
    },
    Mode {
        slug: "enc-crl",
        title: "etcd's revocation list is missing, does not parse, or names the certificate",
        codes: &["crl-missing", "crl-unusable", "certificate-revoked"],
        confirm: "openssl crl -noout -text -in FILE (and -inform DER), with the file of --client-crl-file or --peer-crl-file",
        treatment: &[
            "put a current list of the trusted CA there, in DER (openssl crl -outform DER), or remove the flag from the manifest",
            "where the list names the certificate: issue another one, if it was not revoked on purpose",
            "no restart is needed for the file: etcd reads it at every connection",
        ],
        avoid: &[
            Folk { advice: "an empty file in its place", really: "does not parse, which refuses everybody as well" },
            Folk {
                advice: "taking any list that parses",
                really: "etcd compares serial numbers alone: a stale or foreign list is believed",
            },
        ],
    },
];
