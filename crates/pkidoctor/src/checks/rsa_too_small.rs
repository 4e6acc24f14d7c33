//! `rsa-too-small`: an RSA key too small for Go, or for others.

use crate::check::{Check, Defect, Look, Remedy, Severity, fact};
use crate::checks::words::{self, Told};
use crate::exam::{Exam, Used};
use crate::go::load::Material;
use crate::x509::certificate::Certificate;
use crate::x509::key::PublicKey;

pub(super) static CHECK: Check = Check {
    code: "rsa-too-small",
    title: "an RSA key is too small",
    severity: Severity::Error,
    citation: "Go crypto/rsa (1024 bits from 1.24, GODEBUG rsa1024min); NIST SP 800-57",
    docs: "\
What it looks at: the size of every RSA key on a link: below 1024 bits Go from 1.24 neither signs nor \
verifies with it, and very small ones cannot sign a TLS handshake at all. From 1024 to 2047 bits Go \
works, rustls and OpenSSL at security level 2 refuse.

Why it matters: the side that owns the key fails its own handshake, or whoever verifies a certificate \
signed by it says `keys are insecure`.

What to do: make a new key of at least 2048 bits, or P-256, and a certificate for it.

Example: etcd/server.key of 768 bits from a test script.",
    look,
};

fn look(exam: &Exam<'_>) -> Look {
    let mut look = words::tell(exam, CHECK.code, |group| {
        let reason = group.first();
        // the reason may lie in the key that is to sign, whatever certificate stood on the other side
        let own = reason.guilty.as_ref().and_then(|guilty| guilty.material(exam.cluster));
        let candidates = own.into_iter().flat_map(Material::parsed).chain(&reason.certificate);
        let certificate = candidates.min_by_key(|certificate| bits(certificate).unwrap_or(usize::MAX));
        let bits = certificate.and_then(|certificate| bits(certificate)).unwrap_or_default();
        let mut facts = vec![fact("key", format!("rsa{bits}"))];
        facts.extend(certificate.map(|certificate| fact("certificate", &certificate.subject)));
        Told {
            message: format!("has an RSA key of {bits} bits, too small for Go"),
            facts,
            remedy: remedy(exam, group.first().guilty.as_ref(), certificate),
        }
    });
    for used in exam.used() {
        let Some(bits) = bits(used.certificate).filter(|bits| *bits < 2048) else { continue };
        let told =
            look.defects.iter().any(|defect| defect.nodes == [used.node] && used.places.contains(&defect.subject));
        if !told {
            look.defects.push(small(exam, used, bits));
        }
    }
    look
}

fn bits(certificate: &Certificate) -> Option<usize> {
    certificate.key.as_ref().and_then(PublicKey::rsa_bits)
}

fn small(exam: &Exam<'_>, used: &Used<'_>, bits: usize) -> Defect {
    let message = if bits < 1024 {
        format!("has an RSA key of {bits} bits, which Go refuses from 1.24")
    } else {
        format!("has an RSA key of {bits} bits: Go accepts it, rustls and OpenSSL at level 2 do not")
    };
    let mut facts = vec![fact("key", format!("rsa{bits}"))];
    if used.places.len() > 1 {
        facts.push(fact("also in", used.places[1..].join(", ")));
    }
    Defect {
        severity: Severity::Info,
        nodes: vec![used.node],
        subject: used.places[0].clone(),
        message,
        facts,
        links: Vec::new(),
        remedy: remedy(exam, exam.role_of(used), Some(used.certificate)),
    }
}

fn remedy(
    exam: &Exam<'_>,
    guilty: Option<&crate::links::reference::Reference>,
    certificate: Option<&std::sync::Arc<Certificate>>,
) -> Remedy {
    if certificate.is_some_and(|certificate| certificate.is_ca()) {
        return Remedy::manual([
            "plan a new CA with a key of at least 2048 bits: trust old and new, issue the leaves again, drop the old one",
        ]);
    }
    let remedy = words::remake(exam, guilty);
    match remedy.command.clone() {
        // a new certificate for the same kind of key would change nothing
        Some(command) => Remedy { command: Some(format!("{command} --key-type rsa2048")), ..remedy },
        None => remedy,
    }
}
