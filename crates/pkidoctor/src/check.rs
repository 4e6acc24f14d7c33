//! What a check is: one defect, one file, no error type, no subject it could mislabel.
//!
//! A check is a pure function of an [`Exam`]. It says what it looked at and what it found; the driver
//! stamps code and order. Four outcomes: clear, found, no subject, unobserved.

use crate::exam::Exam;

/// How bad a finding is, by written law.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// A vital link is broken, or will be at the next restart.
    Error,
    /// Dated, exposed, or a link that is not vital.
    Warning,
    /// Odd, but it works.
    Info,
}

impl Severity {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// One labelled value of a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// Its value.
    pub value: String,
}

/// Makes a [`Fact`].
pub fn fact(label: impl Into<String>, value: impl std::fmt::Display) -> Fact {
    Fact { label: label.into(), value: format!("{value}") }
}

/// What heals a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RemedyKind {
    /// The matching file lies elsewhere in the tree.
    PutBack,
    /// The same bytes as clean PEM.
    Rewrite,
    /// A new certificate, and perhaps a new key.
    Regen,
    /// Permissions.
    Chmod,
    /// A process must read its files again.
    Restart,
    /// Hands, with exact steps.
    Manual,
}

impl RemedyKind {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PutBack => "put-back",
            Self::Rewrite => "rewrite",
            Self::Regen => "regen",
            Self::Chmod => "chmod",
            Self::Restart => "restart",
            Self::Manual => "manual",
        }
    }
}

/// How to heal a finding, and what not to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remedy {
    /// Which kind.
    pub kind: RemedyKind,
    /// `regen` targets, or files.
    pub targets: Vec<String>,
    /// One command that does it, where there is one.
    pub command: Option<String>,
    /// The steps, in order.
    pub steps: Vec<String>,
    /// Popular advice that makes it worse or does nothing, with what it would really do.
    pub avoid: Vec<String>,
}

/// How a step begins that stands for the remedy's command: after it, it would undo what that did.
pub(crate) const INSTEAD: &str = "by hand instead:";

impl Remedy {
    /// Steps for hands.
    pub fn manual(steps: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            kind: RemedyKind::Manual,
            targets: Vec::new(),
            command: None,
            steps: steps.into_iter().map(Into::into).collect(),
            avoid: Vec::new(),
        }
    }

    /// `pkidoctor regen TARGET --backup`, and how kubeadm does the same by hand.
    pub fn regen(target: &str) -> Self {
        let phase = match target {
            "kubelet.conf" | "admin.conf" | "super-admin.conf" | "controller-manager.conf" | "scheduler.conf" => {
                format!("kubeconfig {}", target.trim_end_matches(".conf"))
            }
            _ => format!("certs {target}"),
        };
        let remedy = Self::command(RemedyKind::Regen, target, format!("pkidoctor regen {target} --backup"));
        if target == "sa.pub" {
            return remedy
                .step("by hand, beside sa.key: openssl pkey -in sa.key -pubout -out sa.pub")
                .avoid("moving sa.key away: a new one makes every token invalid");
        }
        remedy.step(format!(
            "by hand: back up and move the old files away (kubeadm keeps what exists), then kubeadm init phase {phase} --config FILE with this node's own address and names"
        ))
    }

    /// Another kind with one command.
    pub fn command(kind: RemedyKind, target: &str, command: impl Into<String>) -> Self {
        Self {
            kind,
            targets: vec![target.to_owned()],
            command: Some(command.into()),
            steps: Vec::new(),
            avoid: Vec::new(),
        }
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// Adds popular advice to avoid.
    #[must_use]
    pub fn avoid(mut self, advice: impl Into<String>) -> Self {
        self.avoid.push(advice.into());
        self
    }
}

/// One defect, before the driver has stamped it.
#[derive(Clone, Debug)]
pub struct Defect {
    /// How bad.
    pub severity: Severity,
    /// The node, or several when it lies between them.
    pub nodes: Vec<usize>,
    /// Path, `path#N`, `path#client`, `manifest:--flag`.
    pub subject: String,
    /// One sentence: what is wrong.
    pub message: String,
    /// Expected, found, difference.
    pub facts: Vec<Fact>,
    /// Indices of the links that it breaks.
    pub links: Vec<usize>,
    /// What to do.
    pub remedy: Remedy,
}

/// What a check saw.
#[derive(Default)]
pub struct Look {
    /// How many things of its kind there were.
    pub subjects: usize,
    /// How many it could not see.
    pub unobserved: usize,
    /// What is wrong with them.
    pub defects: Vec<Defect>,
}

impl Look {
    /// The four outcomes.
    pub fn outcome(&self) -> Outcome {
        if !self.defects.is_empty() {
            Outcome::Found
        } else if self.subjects > 0 {
            Outcome::Clear
        } else if self.unobserved > 0 {
            Outcome::Unobserved
        } else {
            Outcome::NoSubject
        }
    }
}

/// Not examined is not healthy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Looked, nothing wrong.
    Clear,
    /// Looked, something wrong.
    Found,
    /// Nothing of the kind here.
    NoSubject,
    /// Something of the kind, but it could not be seen.
    Unobserved,
}

/// One defect that the doctor knows.
pub struct Check {
    /// Kebab-case, for ever.
    pub code: &'static str,
    /// The defect in a few words.
    pub title: &'static str,
    /// How bad it usually is.
    pub severity: Severity,
    /// RFC section, Go, etcd or kubeadm function, or "opinion".
    pub citation: &'static str,
    /// Four parts: what it looks at, why it matters, what to do, example.
    pub docs: &'static str,
    /// The question.
    pub look: fn(&Exam<'_>) -> Look,
}
