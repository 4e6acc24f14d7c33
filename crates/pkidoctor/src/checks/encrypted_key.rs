//! `encrypted-key`: a private key is protected by a passphrase.

use crate::check::{Check, Look, Remedy, Severity, fact};
use crate::checks::load;
use crate::checks::words::Told;
use crate::exam::{Exam, Group};

pub(super) static CHECK: Check = Check {
    code: "encrypted-key",
    title: "a private key is protected by a passphrase",
    severity: Severity::Error,
    citation: "Go crypto/tls parsePrivateKey; RFC 5958; RFC 1421 section 4.6.1.1; etcd FAQ",
    docs: "\
What it looks at: ENCRYPTED PRIVATE KEY blocks, keys whose structure is an EncryptedPrivateKeyInfo, and \
blocks with the header `Proc-Type: 4,ENCRYPTED`.

Why it matters: etcd and Kubernetes have no place for a passphrase. They say `tls: failed to parse \
private key`, and nothing in these words tells that the key is encrypted.

What to do: decrypt it to a file of mode 0600. Where the passphrase is lost, make the pair anew.

Example: etcd/peer.key was made with `openssl genrsa -aes256`.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    load::look(exam, CHECK.code, tell)
}

fn tell(exam: &Exam<'_>, group: &Group<'_, '_>) -> Told {
    let guilty = group.first().guilty.as_ref();
    let path = guilty.and_then(|guilty| guilty.path()).unwrap_or(group.subject);
    let material = guilty.and_then(|guilty| guilty.material(exam.cluster));
    let header = material.is_some_and(|material| material.pem.blocks.iter().any(|block| block.encrypted));
    let how = if header { "a header Proc-Type: 4,ENCRYPTED (RFC 1421)" } else { "PKCS#8 EncryptedPrivateKeyInfo" };
    let mut remedy = if group.subject.contains('#') {
        load::restore(exam, group.first())
    } else {
        Remedy::manual([format!(
            "umask 077 && openssl pkey -in {path} -out {path}.plain && mv {path}.plain {path} (asks for the passphrase)"
        )])
    };
    if let Some(target) = guilty.and_then(|guilty| exam.regen_target(guilty)).filter(|_| remedy.command.is_none()) {
        remedy = remedy.step(format!("where the passphrase is lost: pkidoctor regen {target} --backup"));
    }
    Told {
        message: "is protected by a passphrase, which nobody can give to the process".to_owned(),
        facts: vec![fact("expected", "a private key in the clear, mode 0600"), fact("found", how)],
        remedy: remedy.avoid("a passphrase in a variable or flag: neither etcd nor Kubernetes knows one"),
    }
}
