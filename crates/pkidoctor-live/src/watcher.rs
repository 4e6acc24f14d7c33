//! Looks on while a repair is carried out: shows the new pairs to the running etcd before they are put in place, and
//! sees them served after.

use std::time::Duration;

use pkidoctor::cluster::url::Endpoint;
use pkidoctor::live::{End, Observation};
use pkidoctor::plan::Refusal;
use pkidoctor::repair::{Prescription, Proof, Served, Shown, Witness, Younger};
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout};

use crate::http;
use crate::identity::Identity;
use crate::observe::{Dial, Manner, Speaks, Versions, observe, open};
use crate::targets::{self, Client};

/// Bytes of an API server's metrics: a few megabytes in large clusters, of which one line is kept.
const MAX_METRICS: usize = 64 << 20;

/// How often an endpoint is asked again.
const PAUSE: Duration = Duration::from_millis(250);

/// Looks on at a running etcd.
pub struct Watcher {
    runtime: Runtime,
    /// For one handshake.
    timeout: Duration,
    /// For an endpoint to answer again, or to serve what it should.
    wait: Duration,
    answered: Vec<Endpoint>,
    seen: Vec<Checked>,
}

/// What was seen of one endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Where.
    pub endpoint: String,
    /// `accepted`, `served` or `unverified`.
    pub outcome: &'static str,
    /// In words.
    pub because: String,
}

impl Watcher {
    /// One that gives an endpoint `timeout` for a handshake and `wait` to serve what it should.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(timeout: Duration, wait: Duration) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { runtime, timeout, wait, answered: Vec::new(), seen: Vec::new() })
    }

    /// What was seen.
    pub fn seen(&self) -> &[Checked] {
        &self.seen
    }

    fn note(&mut self, endpoint: &Endpoint, outcome: &'static str, because: impl Into<String>) {
        self.seen.push(Checked { endpoint: endpoint.url(), outcome, because: because.into() });
    }

    /// Shows a pair to who runs now: what refuses it has another CA in memory than on disk.
    fn show(&mut self, shown: &Shown) -> Result<(), Refusal> {
        let identity = match Identity::from_pem(&shown.certificate, &shown.key) {
            Ok(identity) => identity,
            Err(error) => {
                self.note(&shown.endpoint, "unverified", error.to_string());
                return Ok(());
            }
        };
        let seen = self.runtime.block_on(call(&shown.endpoint, Some(&identity), self.timeout));
        match &seen.end {
            End::Served => {
                self.answered.push(shown.endpoint.clone());
                self.note(
                    &shown.endpoint,
                    "accepted",
                    format!("the running etcd takes the new certificate of {}", shown.link),
                );
                Ok(())
            }
            // without a certificate of its own it could not have judged ours
            End::Alert { .. } if !seen.chain.is_empty() => Err(refused(shown, &seen)),
            _ => {
                self.note(
                    &shown.endpoint,
                    "unverified",
                    format!("it did not answer before the repair: {}", seen.end.words()),
                );
                Ok(())
            }
        }
    }

    /// What a step of a rotation needs: what does not answer proves nothing.
    fn prove(&mut self, proof: &Proof, prescription: &Prescription) -> Result<(), Refusal> {
        for shown in &proof.accepts {
            let identity = Identity::from_pem(&shown.certificate, &shown.key)
                .map_err(|error| unproved(&shown.endpoint, &error.to_string()))?;
            let seen = self.runtime.block_on(call(&shown.endpoint, Some(&identity), self.timeout));
            match &seen.end {
                End::Served => self.note(&shown.endpoint, "accepted", "it takes certificates of the new CA"),
                End::Alert { .. } if !seen.chain.is_empty() => {
                    let why = format!("it refuses certificates of the new CA ({}): restart it", seen.end.words());
                    return Err(unproved(&shown.endpoint, &why));
                }
                end => return Err(unproved(&shown.endpoint, &end.words())),
            }
        }
        for served in &proof.serves {
            let seen = self.runtime.block_on(call(&served.endpoint, None, self.timeout));
            if seen.chain.first() != Some(&served.leaf) {
                return Err(unproved(&served.endpoint, "it does not serve the certificate of the new CA"));
            }
        }
        proof.younger.iter().try_for_each(|younger| self.is_younger(younger, prescription))
    }

    fn is_younger(&mut self, younger: &Younger, prescription: &Prescription) -> Result<(), Refusal> {
        let Younger { endpoint, link, than, .. } = younger;
        let (request, cluster) = prescription.setting();
        let client = targets::client(request, cluster, link, endpoint, true)
            .map_err(|why| unproved(endpoint, &format!("{why:?}")))?;
        let manner = Manner {
            timeout: self.timeout,
            versions: Versions::Auto,
            speaks: Speaks::Http1 { path: "/metrics".to_owned() },
        };
        let asked = async {
            let Client { dial, identity, judge, .. } = &client;
            let opened = open(dial, identity.as_ref(), &manner, |chain, proved| judge.trusts(chain, proved)).await;
            let mut stream = opened.map_err(|end| end.words())?;
            stream.get_mut().0.allow(MAX_METRICS);
            let answer = http::get(&mut stream, dial, "/metrics").await.map_err(|error| error.to_string())?;
            answer.started.ok_or_else(|| "its metrics do not tell when it was started".to_owned())
        };
        let started = self.runtime.block_on(async { timeout(manner.timeout, asked).await });
        let started = started.unwrap_or_else(|_| Err("it did not answer in time".to_owned()));
        let started = started.map_err(|why| unproved(endpoint, &why))?;
        let since = time::Duration::checked_seconds_f64(started);
        let started = since
            .and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since))
            .ok_or_else(|| unproved(endpoint, "its metrics do not tell when it was started"))?;
        // a file's age is known in whole seconds
        if started < than.saturating_add(time::Duration::SECOND) {
            let why = format!("kube-apiserver of {} is older than the bundle: restart it", younger.node);
            return Err(unproved(endpoint, &why));
        }
        self.note(endpoint, "accepted", "kube-apiserver was started after the bundle was written");
        Ok(())
    }

    /// Waits until a certificate is served, or the time of all of them is over.
    fn see(&mut self, served: &Served, deadline: Instant) -> Result<(), Refusal> {
        let had_answered = self.answered.contains(&served.endpoint);
        loop {
            let seen = self.runtime.block_on(call(&served.endpoint, None, self.timeout));
            if seen.chain.first() == Some(&served.leaf) {
                self.note(&served.endpoint, "served", "the new certificate is served");
                return Ok(());
            }
            if Instant::now() >= deadline {
                return self.not_served(served, &seen, had_answered);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn not_served(&mut self, served: &Served, seen: &Observation, had_answered: bool) -> Result<(), Refusal> {
        let what = if seen.chain.is_empty() { seen.end.words() } else { "another certificate is served".to_owned() };
        if had_answered {
            let message = format!("{} does not serve the new certificate: {what}", served.endpoint.url());
            return Err(Refusal {
                code: "not-served",
                message,
                way_out: vec!["everything was put back; pkidoctor probe says what it serves".to_owned()],
            });
        }
        // etcd may be down because of the very fault that was mended
        self.note(&served.endpoint, "unverified", what);
        Ok(())
    }
}

impl Witness for Watcher {
    fn before(&mut self, prescription: &Prescription) -> Result<(), Refusal> {
        if prescription.is_elsewhere() {
            // a step that needs the proof is not done without it
            let way_out = match prescription.proof() {
                Ok(None) => "leave --verify-live away",
                Ok(Some(_)) | Err(_) => "run this on the machine that they belong to",
            };
            return Err(Refusal {
                code: "elsewhere",
                message: "these files belong to another machine, whose etcd cannot be asked here".to_owned(),
                way_out: vec![way_out.to_owned()],
            });
        }
        if let Some(proof) = prescription.proof()? {
            self.prove(&proof, prescription)?;
        }
        for served in prescription.served() {
            let seen = self.runtime.block_on(call(&served.endpoint, None, self.timeout));
            if !seen.chain.is_empty() {
                self.answered.push(served.endpoint);
            }
        }
        prescription.shown().iter().try_for_each(|shown| self.show(shown))
    }

    fn after(&mut self, prescription: &Prescription) -> Result<(), Refusal> {
        let deadline = Instant::now() + self.wait;
        prescription.served().iter().try_for_each(|served| self.see(served, deadline))
    }

    fn proves(&self) -> bool {
        true
    }
}

fn unproved(endpoint: &Endpoint, why: &str) -> Refusal {
    Refusal {
        code: "not-proved",
        message: format!("{} does not prove that it trusts the new CA: {why}", endpoint.url()),
        way_out: vec![
            "restart etcd and kube-apiserver of every node since the step bundle, one at a time, then run this again"
                .to_owned(),
        ],
    }
}

fn refused(shown: &Shown, seen: &Observation) -> Refusal {
    Refusal {
        code: "refused-live",
        message: format!(
            "the running etcd at {} refuses the new certificate of {} ({}): the CA in its memory is another one than on disk",
            shown.endpoint.url(),
            shown.link,
            seen.end.words()
        ),
        way_out: vec![
            "put the CA back that it was started with (a backup, another control-plane node), then run this again"
                .to_owned(),
            "or restart etcd first, one member at a time, if the CA on disk is the right one".to_owned(),
        ],
    }
}

async fn call(endpoint: &Endpoint, identity: Option<&Identity>, timeout: Duration) -> Observation {
    let port = endpoint.port.unwrap_or(2379);
    let dial = Dial { host: endpoint.host.clone(), port, server_name: None, own: None };
    // etcd's peer port speaks no HTTP/2; without ALPN both ports take a request
    let manner = Manner { timeout, versions: Versions::Auto, speaks: Speaks::Http1 { path: "/version".to_owned() } };
    observe(&dial, identity, &manner, |_, _| identity.is_some()).await
}
