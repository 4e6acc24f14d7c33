//! Files that are not there, not readable, or not the ones that a process sees.

use super::steps::{BACK_UP, EDIT, RESTART};
use super::{Folk, Mode, folk};

pub(super) static MODES: &[Mode] = &[
    Mode {
        slug: "file-missing",
        title: "a file that a flag or kubeconfig names does not exist",
        codes: &["manifest-path-missing", "file-missing", "kubeconfig-path-missing", "link-loop"],
        confirm: "ls -lL PATH on that node, with the path in the line; a link that leads nowhere counts as missing",
        treatment: &[
            "pkidoctor fix",
            "fix puts it back where the tree has it, else makes it anew",
            "a CA, or sa.key: copy it from another control-plane node, with owner and mode; never make it anew",
            "or set the flag to the place where the file really is",
            EDIT,
        ],
        avoid: &[
            Folk {
                advice: "touch, to make an empty file",
                really: "an empty file does not load either, and an empty CA file refuses everybody",
            },
            folk::COPY_LEAVES,
            folk::KUBEADM_RESET,
        ],
    },
    Mode {
        slug: "file-not-mounted",
        title: "the file is on the node, but not in the container: no mount covers its path",
        codes: &["path-not-mounted"],
        confirm: "volumeMounts in the pod's manifest, against the path in the line; kubeadm's etcd sees /etc/kubernetes/pki/etcd and its data only",
        treatment: &[
            "move the files below a mounted directory and set the flags to them",
            "or add a hostPath volume and a volumeMount for their directory (extraVolumes in kubeadm's configuration)",
            EDIT,
        ],
        avoid: &[
            Folk { advice: "putting the file on the node once more", really: "the container does not see that place" },
            folk::BACKUP_IN_MANIFESTS,
        ],
    },
    Mode {
        slug: "file-is-directory",
        title: "a directory stands where a file should: a runtime made it for a mount of a missing file",
        codes: &["file-is-directory", "file-not-regular", "file-too-large"],
        confirm: "stat PATH, with the path in the line",
        treatment: &[
            "rmdir the empty directory, put the file there, from a backup or by making it anew",
            "pkidoctor fix, once the directory is gone",
            "give the hostPath volume the type File, or mount the directory instead",
            RESTART,
        ],
        avoid: &[folk::SAME_FILES_AGAIN],
    },
    Mode {
        slug: "file-permission",
        title: "the process may not read its key",
        codes: &["permission-denied", "unreadable"],
        confirm: "namei -l PATH, against runAsUser in the manifest or User= in the unit; for root as well: SELinux, AppArmor, snap",
        treatment: &[
            "chown the key to the user that reads it, mode 0600; every directory above has to let that user pass (chmod a+x)",
            "copies of PKI directories with cp -a, which keeps owners and modes",
            "for root: ausearch -m avc, or journalctl -k | grep -i denied",
        ],
        avoid: &[folk::CHMOD_OPEN],
    },
    Mode {
        slug: "file-key-exposed",
        title: "a private key is readable for others",
        codes: &["key-exposed"],
        confirm: "find /etc/kubernetes -type f -perm /077, and there every .key and every .conf with key data",
        treatment: &[
            "pkidoctor fix --select key-exposed",
            "by hand: chmod 0600, for kubeconfigs with embedded keys and for backups, too",
            "if somebody untrusted could read it, take the key as lost: pkidoctor regen etcd-server --backup, or whichever it is",
        ],
        avoid: &[
            Folk {
                advice: "leaving it because the directory is closed",
                really: "backups and copies keep the mode, not the directory",
            },
            folk::CHMOD_OPEN,
        ],
    },
    Mode {
        slug: "file-zero-bytes",
        title: "a file is empty: the disk was full, or the machine stopped, while it was written",
        codes: &["file-empty", "ca-pool-empty"],
        confirm: "find /etc/kubernetes /var/lib/kubelet/pki -size 0, and df of the file system",
        treatment: &[
            "make room first: df -h, df -i",
            "pkidoctor fix",
            "fix puts it back where the tree has it, else makes it anew",
            "an empty CA file: put it back from another control-plane node or a backup, then restart who reads it",
            RESTART,
        ],
        avoid: &[Folk {
            advice: "repairing while the disk is still full",
            really: "the next file is emptied while it is written",
        }],
    },
    Mode {
        slug: "file-ca-key-absent",
        title: "a CA's key is not on this node: an external CA, or a loss",
        codes: &["ca-key-missing", "manifest-path-missing"],
        confirm: "ls /etc/kubernetes/pki/ca.key /etc/kubernetes/pki/etcd/ca.key /etc/kubernetes/pki/front-proxy-ca.key, on every control-plane node",
        treatment: &[
            "external on purpose: pkidoctor regen all --csr /root/requests; have them signed; then pkidoctor regen all --install /root/requests",
            "by hand: kubeadm certs generate-csr, and have the requests signed",
            "a loss: copy the key from another control-plane node or a backup, mode 0600",
            "nowhere else: plan a new CA before the leaves expire",
        ],
        avoid: &[
            Folk { advice: "making a new key for the old ca.crt", really: "what it signs is refused by everybody" },
            folk::KUBEADM_RESET,
        ],
    },
    Mode {
        slug: "file-manifest-backup",
        title: "a second file in the manifests directory starts the same pod",
        codes: &["duplicate-pod"],
        confirm: "ls -la /etc/kubernetes/manifests: one file per pod, whatever the ending",
        treatment: &[
            "mv the copy out of the manifests directory, to /root for instance",
            "then see that the wanted one runs: crictl ps, and its flags in crictl inspect",
        ],
        avoid: &[
            folk::BACKUP_IN_MANIFESTS,
            Folk {
                advice: "renaming it to another ending",
                really: "the kubelet reads every file that does not start with a dot",
            },
        ],
    },
    Mode {
        slug: "file-leftovers",
        title: "files of an earlier cluster survived and are used again",
        codes: &["ca-regenerated", "signed-by-other-ca", "mixed-generations"],
        confirm: "ls -ltr /etc/kubernetes/pki /etc/kubernetes/pki/etcd /var/lib/kubelet/pki ~/.kube/config: files older than the cluster are this",
        treatment: &[
            BACK_UP,
            "pkidoctor scan: mixed-generations and ca-regenerated name what does not belong to this cluster's CAs",
            "move the stale files away, outside of /etc/kubernetes",
            "pkidoctor fix",
            "copy admin.conf to ~/.kube/config again",
        ],
        avoid: &[folk::CA_ONCE_MORE, folk::SYSTEM_STORE, folk::DELETE_KUBELET_PKI],
    },
    Mode {
        slug: "file-stale-inode",
        title: "a single file is mounted, and the container still holds the one from before the renewal",
        codes: &["file-bind-mount"],
        confirm: "crictl exec ID sha256sum PATH, against sha256sum of the same file on the node",
        treatment: &[
            "mount the directory instead of the file, in the manifest or the compose file",
            "until then recreate the container after every renewal",
            RESTART,
        ],
        avoid: &[
            Folk {
                advice: "renewing once more",
                really: "the new file has a new inode again, and the mount still the first",
            },
            folk::DELETE_POD,
        ],
    },
];
