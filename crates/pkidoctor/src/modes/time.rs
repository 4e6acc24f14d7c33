//! Certificates that have ended, or have not begun.

use super::steps::{
    APISERVER_AT_START, APISERVER_READS, BACK_UP, ETCD_READS, KUBELET_CONF, KUBELET_TWICE, KUBELET_WORKER, RENEW_CA,
    RESTART, RESTART_TRUST, SERVING_READ, SPREAD_CA,
};
use super::{Folk, Mode, folk};

const SERVED_BY_RESTART: Folk =
    Folk { advice: "restarting etcd", really: "the old file stays old, and a new one is served without a restart" };

const CA_BY_RENEW: Folk = Folk {
    advice: "kubeadm certs renew all",
    really: "never touches a CA, and leaves that outlive their CA stay useless",
};

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "time-apiserver-etcd-client-expired",
        title: "kube-apiserver's client certificate for etcd has expired: etcd refuses every new connection",
        codes: &["expired"],
        confirm: "openssl x509 -noout -enddate -in /etc/kubernetes/pki/apiserver-etcd-client.crt: the time after `is after` in etcd's line",
        treatment: &[
            "pkidoctor regen apiserver-etcd-client --backup, on every control-plane node",
            "by hand, where only the dates are wrong: kubeadm certs renew apiserver-etcd-client",
            APISERVER_READS,
            "one that has given up meanwhile is started again by the kubelet",
        ],
        avoid: &[
            folk::CLOCK_BACK,
            Folk {
                advice: "copying the file from another node",
                really: "works for this client, and hides that its renewal is missing here",
            },
            folk::CLIENT_AUTH_FALSE,
        ],
    },
    Mode {
        slug: "time-etcd-server-expired",
        title: "etcd's serving certificate has expired: its clients refuse it",
        codes: &["expired"],
        confirm: "openssl x509 -noout -enddate -in /etc/kubernetes/pki/etcd/server.crt, on the node whose etcd logs the refusals",
        treatment: &[
            "pkidoctor regen etcd-server --backup, on that node",
            "by hand, where only the dates are wrong: kubeadm certs renew etcd-server",
            ETCD_READS,
        ],
        avoid: &[folk::CLOCK_BACK, folk::NOT_THE_CLIENT, SERVED_BY_RESTART],
    },
    Mode {
        slug: "time-etcd-peer-expired",
        title: "etcd's peer certificates have expired: members refuse each other in both directions",
        codes: &["expired"],
        confirm: "openssl x509 -noout -enddate -in /etc/kubernetes/pki/etcd/peer.crt, on every member",
        treatment: &[
            "pkidoctor regen etcd-peer --backup, on every member first",
            "by hand, where only the dates are wrong: kubeadm certs renew etcd-peer, on every member",
            ETCD_READS,
            "restart no member before all have new certificates: streams that still run hold the quorum together",
        ],
        avoid: &[
            folk::PEER_AUTH_FALSE,
            folk::CLOCK_BACK,
            Folk {
                advice: "restarting the members to see whether it helps",
                really: "ends the streams that still run, and with them the quorum",
            },
        ],
    },
    Mode {
        slug: "time-healthcheck-client-expired",
        title: "the healthcheck client has expired: kubeadm, and probes that use it, are refused by etcd",
        codes: &["expired"],
        confirm: "openssl x509 -noout -enddate -in /etc/kubernetes/pki/etcd/healthcheck-client.crt",
        treatment: &[
            "pkidoctor regen etcd-healthcheck-client --backup",
            "by hand, where only the dates are wrong: kubeadm certs renew etcd-healthcheck-client",
            "kubeadm and probes read the healthcheck client's files each time: no restart",
        ],
        avoid: &[
            Folk { advice: "removing the liveness probe", really: "kubeadm still cannot ask etcd for its members" },
            folk::CLIENT_AUTH_FALSE,
        ],
    },
    Mode {
        slug: "time-apiserver-expired",
        title: "kube-apiserver's serving certificate has expired: everybody who calls it refuses it",
        codes: &["expired"],
        confirm: "openssl x509 -noout -enddate -in /etc/kubernetes/pki/apiserver.crt, on the node that the client calls",
        treatment: &[
            "pkidoctor regen apiserver --backup, on every control-plane node",
            "by hand, where only the dates are wrong: kubeadm certs renew apiserver",
            SERVING_READ,
        ],
        avoid: &[
            folk::CLOCK_BACK,
            folk::SKIP_VERIFY,
            Folk { advice: "making admin.conf anew", really: "its own certificate is not the one that is refused" },
        ],
    },
    Mode {
        slug: "time-front-proxy-client-expired",
        title: "the front-proxy client has expired: metrics-server and other extension API servers refuse kube-apiserver",
        codes: &["expired"],
        confirm: "openssl x509 -noout -enddate -in /etc/kubernetes/pki/front-proxy-client.crt",
        treatment: &[
            "pkidoctor regen front-proxy-client --backup, on every control-plane node",
            "by hand, where only the dates are wrong: kubeadm certs renew front-proxy-client",
            APISERVER_AT_START,
        ],
        avoid: &[
            folk::CLOCK_BACK,
            Folk {
                advice: "installing metrics-server again",
                really: "kube-apiserver still shows it the certificate that has expired",
            },
        ],
    },
    Mode {
        slug: "time-ca-expired",
        title: "a CA has expired, and with it everything that it signed",
        codes: &["expired"],
        confirm: "openssl x509 -noout -enddate of ca.crt, etcd/ca.crt and front-proxy-ca.crt: one of them is the time after `is after` in the line",
        treatment: &[
            BACK_UP,
            RENEW_CA,
            SPREAD_CA,
            "a cluster CA stands in the ConfigMaps cluster-info and kube-root-ca.crt and in webhooks' caBundle, too",
            RESTART_TRUST,
            RESTART,
            "where the CA's key is lost: a new CA and every leaf anew; there is no shorter way",
        ],
        avoid: &[CA_BY_RENEW, folk::CLOCK_BACK, folk::CA_ONCE_MORE],
    },
    Mode {
        slug: "time-leaf-outlives-ca",
        title: "leaves are valid longer than their CA, so the CA's end is the true one",
        codes: &["outlives-issuer", "expires-soon"],
        confirm: "openssl x509 -noout -enddate of the leaf and of its CA: an earlier end of the CA is this",
        treatment: &[
            "watch the CA's end instead of the leaf's",
            "in time, renew the CA certificate with the same key and the byte-identical subject: its leaves stay valid",
            SPREAD_CA,
            RESTART_TRUST,
        ],
        avoid: &[CA_BY_RENEW],
    },
    Mode {
        slug: "time-not-yet-valid",
        title: "a certificate is not valid yet: a clock is wrong, here or where it was issued",
        codes: &["not-yet-valid"],
        confirm: "date -u on both machines, and timedatectl: the difference against the two times in the line",
        treatment: &[
            "mend the clock that is wrong (chronyc tracking, timedatectl)",
            "when it is right: wait until the certificate begins, or make it anew on a machine whose clock is right",
            "pkidoctor fix, once the clock is right",
        ],
        avoid: &[
            Folk {
                advice: "issuing everything again on the machine whose clock is wrong",
                really: "moves the fault to all other machines",
            },
            folk::CLOCK_BACK,
        ],
    },
    Mode {
        slug: "time-bomb-open-connections",
        title: "a client certificate has expired, and only connections from before still work",
        codes: &["expired"],
        confirm: "pkidoctor probe: it opens new connections with the same files, and those are refused",
        treatment: &[
            "make it anew before anything is restarted, drained or upgraded",
            "pkidoctor fix, or for kube-apiserver's client: pkidoctor regen apiserver-etcd-client --backup",
            APISERVER_READS,
        ],
        avoid: &[
            Folk {
                advice: "leaving it because everything works",
                really: "the first restart or break of the network ends it",
            },
            folk::SAME_FILES_AGAIN,
        ],
    },
    Mode {
        slug: "time-mass-expiry",
        title: "all leaves were issued on one day and end together",
        codes: &["expires-soon"],
        confirm: "pkidoctor scan --at 2030-01-01T00:00:00Z, with a day of your own: it tells what will have ended by then",
        treatment: &[
            "pkidoctor regen all --backup, on every control-plane node",
            "by hand, where only the dates are wrong: kubeadm certs renew all; it leaves kubelet.conf and the CAs out",
            APISERVER_AT_START,
            "restart kube-controller-manager and kube-scheduler: a kubeconfig is read at start",
            RESTART,
            "copy admin.conf to its users again",
        ],
        avoid: &[folk::CLOCK_BACK, folk::KUBEADM_RESET, folk::DELETE_POD],
    },
    Mode {
        slug: "time-auto-tls-year",
        title: "certificates that etcd made for itself ended after a year, and etcd never renews them",
        codes: &["auto-tls-year"],
        confirm: "openssl x509 -noout -enddate -in DATA-DIR/fixtures/peer/cert.pem (or fixtures/client), where --auto-tls or --peer-auto-tls is set",
        treatment: &[
            "give etcd real certificates (certificate, key and trusted CA by flag) and drop --auto-tls and --peer-auto-tls",
            "as a stop-gap delete the fixtures directory below the data directory and restart the member, one at a time",
            RESTART,
        ],
        avoid: &[Folk {
            advice: "deleting the whole data directory",
            really: "the member's data goes with the certificates",
        }],
    },
    Mode {
        slug: "time-kubelet-client-expired",
        title: "the kubelet's client certificate has expired while the node was away",
        codes: &["expired"],
        confirm: "openssl x509 -noout -enddate -in /var/lib/kubelet/pki/kubelet-client-current.pem, on that node",
        treatment: &[KUBELET_CONF, KUBELET_TWICE, KUBELET_WORKER],
        avoid: &[
            folk::DELETE_KUBELET_PKI,
            Folk {
                advice: "making the missing bootstrap-kubelet.conf out of an old kubelet.conf",
                really: "its certificate has expired just the same; that file's absence is not the fault",
            },
            Folk { advice: "kubeadm certs renew", really: "does not touch kubelet.conf" },
        ],
    },
    Mode {
        slug: "time-wrong-culprit",
        title: "something has expired, and it is not the file that everybody looks at",
        codes: &["expired"],
        confirm: "pkidoctor scan --format json: the certificate whose not_after is the time after `is after` in the line; none on any node means memory or another host",
        treatment: &[
            "look for that time in CAs, intermediates, kubeconfigs, kubelet files, and on every other node",
            "pkidoctor fix, on the node that has it",
            "where no file has it, a process holds an old one in memory: restart that process",
            RESTART,
        ],
        avoid: &[
            Folk {
                advice: "trusting kubeadm certs check-expiration",
                really: "it looks at neither kubelet.conf nor other nodes nor what processes hold in memory",
            },
            folk::RENEW_ALL,
        ],
    },
];
