//! What only running processes and their networks show, on the server's side and on the client's.

use super::steps::{APISERVER_AT_START, EDIT, RESTART};
use super::{Folk, Mode, folk};

const NEW_CERTIFICATES: Folk =
    Folk { advice: "making certificates anew", really: "they are sound, and nobody has complained of them" };

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "srv-stale-ca",
        title: "a running server still trusts the CA file of its start, not the one on disk",
        codes: &["ca-in-memory-differs"],
        confirm: "stat -c %z /etc/kubernetes/pki/etcd/ca.crt, against the start of the process (ps -o lstart= -C etcd): a younger file is this",
        treatment: &[
            "first pkidoctor scan: a restart with files that do not fit each other breaks what still works",
            "restart the server, every member that started before the file changed",
            RESTART,
        ],
        avoid: &[
            Folk {
                advice: "making the certificates anew once more",
                really: "the process still does not know their CA",
            },
            folk::DELETE_POD,
            folk::CA_ONCE_MORE,
        ],
    },
    Mode {
        slug: "srv-served-not-disk",
        title: "the certificate that is served is not the one on disk",
        codes: &["served-not-on-disk"],
        confirm: "pkidoctor probe: served-not-on-disk shows both; by hand: openssl s_client -connect HOST:PORT -showcerts",
        treatment: &[
            "who owns the port: ss -ltnp 'sport = :2379', then ps -o lstart,args -p PID",
            "what its container sees: crictl inspect ID, under mounts",
            "etcd reads its pair at each handshake: another file, another process or another node answers; set that right",
            "a component that reads it only at start: restart it",
            RESTART,
        ],
        avoid: &[
            Folk { advice: "making certificates anew here", really: "whoever answers does not read these files" },
            folk::DELETE_POD,
        ],
    },
    Mode {
        slug: "srv-eof-noise",
        title: "something opens etcd's port and closes it without TLS, as load balancers and monitors do",
        codes: &[],
        confirm: "the rhythm of the lines and their remote address: steady, from one source, without any client that complains",
        treatment: &[
            "nothing of the PKI is to be repaired: nobody was refused",
            "let the check ask http://127.0.0.1:2381/health, or the address of --listen-metrics-urls, instead of opening port 2379",
            "from 3.5.24 and 3.6.6 on etcd logs such lines only at debug level",
        ],
        avoid: &[NEW_CERTIFICATES, folk::CLIENT_AUTH_FALSE],
    },
    Mode {
        slug: "srv-tls-terminating-lb",
        title: "a proxy before etcd ends TLS itself, so client certificates never reach etcd",
        codes: &["served-not-on-disk", "live-differs"],
        confirm: "openssl s_client -connect HOST:2379 -alpn h2: an issuer that is not etcd's CA, or no ALPN protocol, is this",
        treatment: &[
            "let the proxy pass TCP through (mode tcp, stream, passthrough), without TLS of its own",
            "or have clients dial the members themselves",
        ],
        avoid: &[
            Folk {
                advice: "giving the proxy a client certificate of etcd",
                really: "everybody who reaches the proxy is that client to etcd",
            },
            folk::SKIP_VERIFY,
        ],
    },
    Mode {
        slug: "srv-asymmetric-peer",
        title: "one direction between two members is refused, while health checks stay green",
        codes: &["missing-client-auth", "missing-server-auth", "peer-address-not-in-san"],
        confirm: "pkidoctor probe --all-members, on each member: it walks this member's half of every ordered pair",
        treatment: &[
            "the member that logs refusals with a reason refuses the one at the remote address: that one needs a new certificate",
            "on that member: pkidoctor regen etcd-peer --backup; with --san ADDRESS where its source address is missing",
            "where the line is remote error: tls: bad certificate, the member that logs it is the one that needs it",
            "mend it before any member is restarted: leadership that moves turns it into a lost quorum",
        ],
        avoid: &[
            Folk { advice: "trusting etcdctl endpoint health", really: "healthy with one direction broken" },
            folk::PEER_AUTH_FALSE,
            folk::SKIP_PEER_SAN,
            folk::COPY_LEAVES,
        ],
    },
    Mode {
        slug: "srv-split-listener-silent",
        title: "etcd logs no refusals at its gRPC port, because another listener serves HTTP",
        codes: &["split-listener"],
        confirm: "grep -n listen-client-http-urls /etc/kubernetes/manifests/etcd.yaml: the flag makes refusals silent",
        treatment: &[
            "nothing is wrong with that; look for the reason in the client's log",
            "or make the refusal visible: pkidoctor probe",
        ],
        avoid: &[Folk {
            advice: "taking an empty log of etcd for a proof",
            really: "it refuses all the same, and says nothing",
        }],
    },
    Mode {
        slug: "srv-not-pki",
        title: "the connection fails before or after TLS: etcd is down, has no quorum, or is not reached",
        codes: &["endpoint-unreachable", "etcd-unhealthy", "plain-http-answers", "live-differs"],
        confirm: "pkidoctor probe: the first stage that fails (connect, tls, read, etcd) says which it is",
        treatment: &[
            "nobody listens: ss -ltnp 'sport = :2379', crictl ps -a --name etcd, crictl logs of the newest container",
            "no quorum: look at the links between members first, pkidoctor probe --all-members",
            "silence: a firewall, a wrong address, MTU",
            "slow: disk latency (etcd logs that apply or fsync took too long), a full database (etcdctl alarm list)",
        ],
        avoid: &[Folk { advice: "making certificates anew", really: "TLS is not what fails" }, folk::KUBEADM_RESET],
    },
    Mode {
        slug: "cli-no-cert",
        title: "a client shows etcd no certificate",
        codes: &["client-certificate-missing", "probe-mismatch"],
        confirm: "who dials: on the node of the remote address, ss -tnp 'dport = :2379', then that program's flags",
        treatment: &[
            "give that client certificate and key: for etcdctl --cert and --key, for kube-apiserver --etcd-certfile and --etcd-keyfile",
            "a pair of its own, signed by etcd's CA, with clientAuth; for a monitor better port 2381, which needs none",
            "where the files of kube-apiserver's client are missing: pkidoctor regen apiserver-etcd-client --backup",
        ],
        avoid: &[
            folk::CLIENT_AUTH_FALSE,
            Folk { advice: "giving it etcd's own server pair", really: "the key of etcd is then on another machine" },
        ],
    },
    Mode {
        slug: "cli-no-cacert",
        title: "etcdctl was given no CA, so it refuses etcd's certificate",
        codes: &[],
        confirm: "the command that was typed, or its script: etcdctl without --cacert (or ETCDCTL_CACERT) at an https endpoint",
        treatment: &[
            "etcdctl --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key …",
            "nothing is wrong with etcd or its certificate",
        ],
        avoid: &[folk::ETCDCTL_SKIP, folk::SYSTEM_STORE],
    },
    Mode {
        slug: "cli-wrong-scheme",
        title: "a client was told http:// and speaks plain text to etcd's TLS port, whatever its TLS flags",
        codes: &[],
        confirm: "--endpoints or ETCDCTL_ENDPOINTS of what runs at the remote address: http:// is this",
        treatment: &[
            "write https://HOST:2379, or no scheme at all beside TLS flags",
            "unset ETCDCTL_ENDPOINTS where it holds the old URL",
        ],
        avoid: &[Folk {
            advice: "turning etcd's listener to http",
            really: "etcd is then open to everybody who reaches the port",
        }],
    },
    Mode {
        slug: "cli-env-conflict",
        title: "an environment variable and a flag set the same thing, and etcd or etcdctl stops over it",
        codes: &["environment-shadowed"],
        confirm: "env | grep ETCD in the same shell, pod or unit: the variable that the line names",
        treatment: &[
            "remove one of the two: unset the variable, or drop the flag",
            "etcdctl 3.6.0 stops over variables alone at endpoint health: take a later one, or flags",
        ],
        avoid: &[NEW_CERTIFICATES],
    },
    Mode {
        slug: "cli-v2-flags",
        title: "flags of etcd's old v2 client were given to the v3 client",
        codes: &[],
        confirm: "the command that was typed, or its script: --ca-file, --cert-file, --key-file or ETCDCTL_API=2",
        treatment: &["use --cacert, --cert and --key, and ETCDCTL_API=3 with clients before 3.4"],
        avoid: &[NEW_CERTIFICATES],
    },
    Mode {
        slug: "cli-proxy-env",
        title: "a proxy variable sends the connection to a proxy instead of etcd",
        codes: &["proxy-environment"],
        confirm: "the address in the error is the proxy's: tr '\\0' '\\n' < /proc/PID/environ | grep -i proxy",
        treatment: &[
            "add the nodes, the pod network and the service network to NO_PROXY, in manifests, units and the kubelet's environment",
            EDIT,
        ],
        avoid: &[Folk { advice: "testing with localhost", really: "it never goes through the proxy" }],
    },
    Mode {
        slug: "cli-openssl-false-ok",
        title: "openssl s_client reports success, and etcd refuses the client after the handshake",
        codes: &[],
        confirm: "pkidoctor probe: it reads after the handshake, where the refusal comes; or openssl s_client -tls1_2",
        treatment: &[
            "believe etcd's log and not the exit code: under TLS 1.3 the server looks at the client's certificate last",
            "pkidoctor verify CLIENT-CERTIFICATE --ca /etc/kubernetes/pki/etcd/ca.crt --usage client: what etcd says of it",
            "then treat the reason that it names",
        ],
        avoid: &[folk::S_CLIENT],
    },
    Mode {
        slug: "cli-bad-record-mac",
        title: "a client on OpenSSL (curl, Python, nginx) refuses etcd's certificate under TLS 1.3",
        codes: &[],
        confirm: "on the node of the remote address, ss -tnp 'dport = :2379': which program it is; then its CA file and the host that it dials",
        treatment: &[
            "give that client etcd's CA file, and a host that etcd's certificate holds",
            "what OpenSSL says shows curl --cacert FILE https://HOST:2379/health, from the same machine",
            "where the name is missing in etcd's certificate: pkidoctor regen etcd-server --san NAME --backup",
        ],
        avoid: &[
            Folk {
                advice: "looking for a broken network, MTU or memory",
                really: "nothing is damaged: it is how Go reports the alert of an OpenSSL client under TLS 1.3",
            },
            folk::SYSTEM_STORE,
        ],
    },
    Mode {
        slug: "cli-stale-copies",
        title: "somebody outside the control plane still uses old copies of etcd's certificates",
        codes: &[],
        confirm: "who owns the remote address: kubectl get pods -A -o wide | grep ADDRESS, else a backup job, Prometheus or Calico on that machine",
        treatment: &[
            "replace its copy: the Secret or file with etcd's CA and a client certificate of the present CA",
            "then restart that pod or program",
            "etcd and kube-apiserver are not concerned",
        ],
        avoid: &[
            Folk { advice: "putting the old CA back for their sake", really: "breaks those that have the new one" },
            folk::CLIENT_AUTH_FALSE,
        ],
    },
    Mode {
        slug: "cli-apiserver-kubelet-client",
        title: "kube-apiserver's client certificate for kubelets has expired or is of another CA: logs and exec fail",
        codes: &["expired", "expires-soon", "ca-regenerated", "signed-by-other-ca"],
        confirm: "pkidoctor verify /etc/kubernetes/pki/apiserver-kubelet-client.crt --ca /etc/kubernetes/pki/ca.crt --usage client",
        treatment: &[
            "pkidoctor regen apiserver-kubelet-client --backup, on every control-plane node",
            "by hand, where only the dates are wrong: kubeadm certs renew apiserver-kubelet-client",
            APISERVER_AT_START,
            RESTART,
        ],
        avoid: &[
            folk::DELETE_POD,
            Folk {
                advice: "anonymous-auth on the kubelet",
                really: "everybody who reaches port 10250 may then run commands in pods",
            },
        ],
    },
];
