//! Command-line flags of etcd and the kube components, wherever they were written: a manifest, an environment, a file.
//!
//! Every occurrence is kept with its place, so that a finding can say which line to change and which one is ignored.
//! Go's `flag` package (etcd) and spf13/pflag (Kubernetes) agree on everything that is read here.

use std::collections::BTreeMap;

/// Something together with the line of the file it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The thing itself.
    pub it: T,
    /// The line in its file, counted from 1; `None` when it cannot be told.
    pub line: Option<u64>,
}

impl<T> Placed<T> {
    /// A thing at a line.
    pub const fn at(it: T, line: Option<u64>) -> Self {
        Self { it, line }
    }
}

/// Where a flag was set. The order is the order of strength: an argument beats the environment, which beats a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A configuration file (`--config-file` of etcd). When etcd reads one it ignores the two others.
    File,
    /// An `ETCD_…` variable.
    Environment,
    /// A word of the command line.
    Argument,
}

/// One occurrence of a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The name without dashes, `_` read as `-` as Kubernetes does.
    pub name: String,
    /// The value as written; `true` for a flag without one.
    pub value: String,
    /// Whether no value was given.
    pub bare: bool,
    /// The line in its file, counted from 1.
    pub line: Option<u64>,
    /// Where it was set.
    pub origin: Origin,
}

impl Flag {
    /// A flag with a value.
    pub fn new(name: &str, value: String, line: Option<u64>, origin: Origin) -> Self {
        Self { name: normal(name), value, bare: false, line, origin }
    }

    /// Whether the value is one of Go's spellings of true (`strconv.ParseBool`).
    pub fn is_true(&self) -> bool {
        self.bare || matches!(self.value.as_str(), "1" | "t" | "T" | "TRUE" | "true" | "True")
    }
}

/// All occurrences of all flags of one component, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    all: Vec<Flag>,
    stray: Vec<Placed<String>>,
}

impl Flags {
    /// Reads the words after the program's name: `--flag=value`, `--flag value`, `-flag=value`, bare booleans; `--` ends.
    ///
    /// Go gives a flag that wants a value the next word whatever it looks like. The tables of booleans here cannot
    /// know every release, so a next word that starts with a dash is only taken for flags that surely want a value.
    pub fn from_arguments(words: &[Placed<String>]) -> Self {
        let mut flags = Self::default();
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            if word.it == "--" {
                flags.stray.extend(words.cloned());
                break;
            }
            let Some(body) = flag_body(&word.it) else {
                flags.stray.push(word.clone());
                continue;
            };
            let flag = if let Some((name, value)) = body.split_once('=') {
                Flag::new(name, value.to_owned(), word.line, Origin::Argument)
            } else if let Some(value) = words.next_if(|next| is_value_of(body, &next.it)) {
                Flag::new(body, value.it.clone(), word.line, Origin::Argument)
            } else {
                Flag { bare: true, ..Flag::new(body, "true".to_owned(), word.line, Origin::Argument) }
            };
            flags.all.push(flag);
        }
        flags
    }

    /// Adds an occurrence after the others.
    pub fn push(&mut self, flag: Flag) {
        self.all.push(flag);
    }

    /// Adds all occurrences and stray words of `other` after the ones here.
    pub fn append(&mut self, mut other: Self) {
        self.all.append(&mut other.all);
        self.stray.append(&mut other.stray);
    }

    /// The occurrence that counts: arguments beat the environment, which beats a file; the last of its kind wins.
    pub fn get(&self, name: &str) -> Option<&Flag> {
        // `max_by_key` returns the last of equals
        self.every(name).max_by_key(|flag| flag.origin)
    }

    /// The value that counts.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|flag| flag.value.as_str())
    }

    /// Every occurrence of one flag, in order.
    pub fn every(&self, name: &str) -> impl Iterator<Item = &Flag> {
        let name = normal(name);
        self.all.iter().filter(move |flag| flag.name == name)
    }

    /// The items of a list, blanks trimmed, empty ones dropped.
    pub fn list(&self, name: &str) -> Vec<String> {
        let trimmed = self.list_raw(name).into_iter().map(|item| item.trim().to_owned());
        trimmed.filter(|item| !item.is_empty()).collect()
    }

    /// The items of a list as Go sees them, blanks and empty items kept. Absent and `--flag=` are both no items, while
    /// `--flag=""` with literal quotes is one empty item (pflag reads its string slices as CSV).
    ///
    /// Flags that accumulate (`--etcd-servers`, `--service-account-key-file` …) take every occurrence of the strongest
    /// origin; for all others the last occurrence replaces those before.
    pub fn list_raw(&self, name: &str) -> Vec<String> {
        let name = normal(name);
        let Some(last) = self.get(&name) else {
            return Vec::new();
        };
        if WHOLE_ARRAYS.contains(&name.as_str()) {
            return self.same_origin(last).map(|flag| flag.value.clone()).collect();
        }
        if ACCUMULATING.contains(&name.as_str()) {
            return self.same_origin(last).flat_map(|flag| comma_separated(&flag.value)).collect();
        }
        comma_separated(&last.value)
    }

    /// Whether a boolean flag is set to true; a flag that is absent is not.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(Flag::is_true)
    }

    /// Every occurrence, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Flag> {
        self.all.iter()
    }

    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Words that belong to no flag. etcd and the kube components refuse to start with any.
    pub fn stray(&self) -> &[Placed<String>] {
        &self.stray
    }

    /// Occurrences that lose to another one with a different value, each with the one that counts.
    pub fn overridden(&self) -> Vec<(&Flag, &Flag)> {
        let mut winners: BTreeMap<&str, &Flag> = BTreeMap::new();
        for flag in &self.all {
            let best = winners.entry(flag.name.as_str()).or_insert(flag);
            if flag.origin >= best.origin {
                *best = flag;
            }
        }
        let loses = |flag: &Flag, winner: &Flag| {
            flag.value != winner.value && !(flag.origin == winner.origin && accumulates(&flag.name))
        };
        let pairs = self.all.iter().filter_map(|flag| winners.get(flag.name.as_str()).map(|winner| (flag, *winner)));
        pairs.filter(|(flag, winner)| loses(flag, winner)).collect()
    }

    fn same_origin<'a>(&'a self, like: &'a Flag) -> impl Iterator<Item = &'a Flag> {
        self.all.iter().filter(|flag| flag.name == like.name && flag.origin == like.origin)
    }
}

/// The flag that an `ETCD_…` variable stands for: `ETCD_CERT_FILE` is `cert-file`. etcd leaves empty variables alone.
pub fn etcd_variable(name: &str, value: &str, line: Option<u64>) -> Option<Flag> {
    let rest = name.strip_prefix("ETCD_").filter(|rest| !rest.is_empty())?;
    if value.is_empty() {
        return None;
    }
    let flag = rest.to_ascii_lowercase();
    Some(Flag::new(&flag, value.to_owned(), line, Origin::Environment))
}

/// The text after the dashes of a word that is a flag.
fn flag_body(word: &str) -> Option<&str> {
    let body = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    (!body.is_empty() && !body.starts_with(['-', '='])).then_some(body)
}

fn is_value_of(name: &str, next: &str) -> bool {
    let name = normal(name);
    !BOOLEANS.contains(&name.as_str()) && (flag_body(next).is_none() && next != "--" || surely_wants_value(&name))
}

/// Flags whose names say that they take a value.
fn surely_wants_value(name: &str) -> bool {
    const ENDINGS: [&str; 12] = [
        "-file",
        "keyfile",
        "certfile",
        "cafile",
        "-urls",
        "-servers",
        "-dir",
        "-cluster",
        "-key",
        "-certificate",
        "-range",
        "-address",
    ];
    name == "name" || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn normal(name: &str) -> String {
    name.replace('_', "-")
}

fn accumulates(name: &str) -> bool {
    ACCUMULATING.contains(&name) || WHOLE_ARRAYS.contains(&name)
}

/// Splits at commas as pflag does, through Go's `encoding/csv`: quotes protect commas, `""` inside quotes is a quote.
fn comma_separated(value: &str) -> Vec<String> {
    if value.is_empty() {
        return Vec::new();
    }
    let mut items = Vec::new();
    let mut rest = value;
    loop {
        let (item, after) = one_item(rest);
        items.push(item);
        match after {
            Some(after) => rest = after,
            None => return items,
        }
    }
}

fn one_item(text: &str) -> (String, Option<&str>) {
    quoted_item(text).unwrap_or_else(|| match text.split_once(',') {
        Some((item, after)) => (item.to_owned(), Some(after)),
        None => (text.to_owned(), None),
    })
}

/// A quoted CSV field and what follows its comma; `None` when the quoting is broken (Go refuses it, we read it as text).
fn quoted_item(text: &str) -> Option<(String, Option<&str>)> {
    let mut rest = text.strip_prefix('"')?;
    let mut item = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        item.push_str(before);
        if let Some(after) = after.strip_prefix('"') {
            item.push('"');
            rest = after;
        } else if after.is_empty() {
            return Some((item, None));
        } else {
            return after.strip_prefix(',').map(|after| (item, Some(after)));
        }
    }
}

/// String slices of the kube components: every occurrence adds its comma-separated items.
const ACCUMULATING: [&str; 16] = [
    "api-audiences",
    "authorization-mode",
    "cors-allowed-origins",
    "disable-admission-plugins",
    "enable-admission-plugins",
    "etcd-servers",
    "etcd-servers-overrides",
    "kubelet-preferred-address-types",
    "oidc-groups-claim",
    "oidc-signing-algs",
    "requestheader-allowed-names",
    "requestheader-extra-headers-prefix",
    "requestheader-group-headers",
    "requestheader-uid-headers",
    "requestheader-username-headers",
    "tls-cipher-suites",
];

/// String arrays of the kube components: every occurrence is one item, commas included.
const WHOLE_ARRAYS: [&str; 3] = ["service-account-issuer", "service-account-key-file", "tls-sni-cert-key"];

/// Flags that take no following word. etcd's were held against its source (`server/embed/config.go`) and the help of
/// 3.4; those of Kubernetes were not held against any release. One that is missing here matters only when a word without
/// a dash follows it, which no component accepts anyway.
const BOOLEANS: &[&str] = &[
    // etcd
    "auto-tls",
    "client-cert-auth",
    "compact-hash-check-enabled",
    "debug",
    "discovery-insecure-skip-tls-verify",
    "discovery-insecure-transport",
    "enable-distributed-tracing",
    "enable-grpc-gateway",
    "enable-log-rotation",
    "enable-pprof",
    "enable-v2",
    "experimental-compact-hash-check-enabled",
    "experimental-enable-distributed-tracing",
    "experimental-enable-lease-checkpoint",
    "experimental-enable-lease-checkpoint-persist",
    "experimental-initial-corrupt-check",
    "experimental-memory-mlock",
    "experimental-peer-skip-client-san-verification",
    "experimental-stop-grpc-service-on-defrag",
    "experimental-txn-mode-write-with-shared-buffer",
    "force-new-cluster",
    "initial-corrupt-check",
    "initial-election-tick-advance",
    "memory-mlock",
    "peer-auto-tls",
    "peer-client-cert-auth",
    "peer-skip-client-san-verification",
    "pre-vote",
    "socket-reuse-address",
    "socket-reuse-port",
    "stop-grpc-service-on-defrag",
    "strict-reconfig-check",
    "unsafe-no-fsync",
    // every kube component
    "add-dir-header",
    "allow-metric-labels-manifest-reload",
    "alsologtostderr",
    "authentication-skip-lookup",
    "authentication-tolerate-lookup-failure",
    "contention-profiling",
    "disable-http2-serving",
    "emulation-forward-compatible",
    "h",
    "help",
    "leader-elect",
    "log-json-split-stream",
    "log-text-split-stream",
    "logtostderr",
    "one-output",
    "permit-address-sharing",
    "permit-port-sharing",
    "profiling",
    "runtime-config-emulation-forward-compatible",
    "skip-headers",
    "skip-log-headers",
    "version",
    // kube-apiserver
    "allow-privileged",
    "anonymous-auth",
    "audit-dynamic-configuration",
    "audit-log-batch-throttle-enable",
    "audit-log-compress",
    "audit-log-truncate-enabled",
    "audit-webhook-batch-throttle-enable",
    "audit-webhook-truncate-enabled",
    "enable-aggregator-routing",
    "enable-bootstrap-token-auth",
    "enable-garbage-collector",
    "enable-inflight-quota-handler",
    "enable-logs-handler",
    "enable-priority-and-fairness",
    "enable-swagger-ui",
    "encryption-provider-config-automatic-reload",
    "etcd-quorum-read",
    "kubelet-https",
    "repair-malformed-updates",
    "service-account-extend-token-expiration",
    "service-account-lookup",
    "watch-cache",
    // kube-controller-manager
    "allocate-node-cidrs",
    "allow-untagged-cloud",
    "configure-cloud-routes",
    "disable-attach-detach-reconcile-sync",
    "disable-force-detach-on-timeout",
    "enable-dynamic-provisioning",
    "enable-hostpath-provisioner",
    "enable-leader-migration",
    "enable-taint-manager",
    "horizontal-pod-autoscaler-use-rest-clients",
    "use-service-account-credentials",
    "volume-host-allow-local-loopback",
    // kubelet
    "authentication-token-webhook",
    "cgroups-per-qos",
    "containerized",
    "cpu-cfs-quota",
    "enable-cadvisor-json-endpoints",
    "enable-controller-attach-detach",
    "enable-debugging-handlers",
    "enable-server",
    "exit-on-lock-contention",
    "experimental-allocatable-ignore-eviction",
    "experimental-check-node-capabilities-before-mount",
    "experimental-kernel-memcg-notification",
    "fail-cgroupv1",
    "fail-swap-on",
    "kernel-memcg-notification",
    "keep-terminated-pod-volumes",
    "local-storage-capacity-isolation",
    "make-iptables-util-chains",
    "protect-kernel-defaults",
    "register-node",
    "register-schedulable",
    "rotate-certificates",
    "rotate-server-certificates",
    "runonce",
    "seccomp-default",
    "serialize-image-pulls",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Placed<String>> {
        let placed = |(i, w): (usize, &str)| Placed::at(w.to_owned(), Some(i as u64 + 1));
        text.split(' ').enumerate().map(placed).collect()
    }

    fn flags(text: &str) -> Flags {
        Flags::from_arguments(&words(text))
    }

    #[test]
    fn the_four_ways_to_write_a_flag() {
        let read = flags("--cert-file=/a --key-file /b -name=c -data-dir d --client-cert-auth --auto-tls=false");
        assert_eq!(read.value("cert-file"), Some("/a"));
        assert_eq!(read.value("key-file"), Some("/b"));
        assert_eq!(read.value("name"), Some("c"));
        assert_eq!(read.value("data-dir"), Some("d"));
        assert!(read.is_true("client-cert-auth"));
        assert!(!read.is_true("auto-tls"));
        assert_eq!(read.get("data-dir").and_then(|f| f.line), Some(5));
        assert!(read.stray().is_empty());
    }

    #[test]
    fn a_boolean_takes_no_following_word() {
        let read = flags("--client-cert-auth true --name x");
        assert!(read.get("client-cert-auth").is_some_and(|f| f.bare));
        assert_eq!(read.stray().len(), 1);
        assert_eq!(read.value("name"), Some("x"));
    }

    #[test]
    fn a_flag_that_wants_a_value_swallows_the_next_flag_as_go_does() {
        let read = flags("--cert-file --key-file=/k");
        assert_eq!(read.value("cert-file"), Some("--key-file=/k"));
        assert_eq!(read.value("key-file"), None);
        let unknown = flags("--brand-new-switch --key-file=/k");
        assert!(unknown.is_true("brand-new-switch"));
        assert_eq!(unknown.value("key-file"), Some("/k"));
    }

    #[test]
    fn two_dashes_end_the_flags() {
        let read = flags("--name a -- --cert-file=/x");
        assert_eq!(read.value("cert-file"), None);
        assert_eq!(read.stray().len(), 1);
    }

    #[test]
    fn odd_words_are_stray() {
        for word in ["-", "---a", "--=x", "", "word", "-=b", "é"] {
            let read = flags(word);
            assert!(read.is_empty(), "{word}");
            assert_eq!(read.stray().len(), 1, "{word}");
        }
        assert_eq!(flags("--é=ü").value("é"), Some("ü"));
    }

    #[test]
    fn underscores_are_dashes() {
        let read = flags("--etcd_cafile=/a");
        assert_eq!(read.value("etcd-cafile"), Some("/a"));
        assert_eq!(read.value("etcd_cafile"), Some("/a"));
    }

    #[test]
    fn the_last_argument_wins_and_arguments_beat_the_environment() {
        let mut read = flags("--cert-file=/a --cert-file=/b");
        read.push(Flag::new("cert-file", "/env".to_owned(), None, Origin::Environment));
        read.push(Flag::new("cert-file", "/file".to_owned(), None, Origin::File));
        read.push(Flag::new("name", "n".to_owned(), None, Origin::Environment));
        assert_eq!(read.value("cert-file"), Some("/b"));
        assert_eq!(read.value("name"), Some("n"));
        let lost = read.overridden();
        let values: Vec<_> = lost.iter().map(|(l, w)| (l.value.as_str(), w.value.as_str())).collect();
        assert_eq!(values, [("/a", "/b"), ("/env", "/b"), ("/file", "/b")]);
    }

    #[test]
    fn repeating_the_same_value_overrides_nothing() {
        assert!(flags("--cert-file=/a --cert-file=/a").overridden().is_empty());
        assert!(flags("--etcd-servers=a --etcd-servers=b").overridden().is_empty());
    }

    #[test]
    fn lists() {
        let read = flags("--etcd-servers=https://a:1,https://b:2 --etcd-servers=https://c:3");
        assert_eq!(read.list("etcd-servers"), ["https://a:1", "https://b:2", "https://c:3"]);
        let last = flags("--listen-client-urls=a --listen-client-urls=b,c");
        assert_eq!(last.list("listen-client-urls"), ["b", "c"]);
        let keys = flags("--service-account-key-file=/a,b --service-account-key-file=/c");
        assert_eq!(keys.list("service-account-key-file"), ["/a,b", "/c"]);
        let mut blanks = Flags::default();
        blanks.push(Flag::new("listen-peer-urls", " a, ,b,".to_owned(), None, Origin::Argument));
        assert_eq!(blanks.list("listen-peer-urls"), ["a", "b"]);
        assert_eq!(blanks.list_raw("listen-peer-urls"), [" a", " ", "b", ""]);
        assert!(blanks.list("absent").is_empty());
    }

    #[test]
    fn an_empty_list_is_not_a_list_with_an_empty_item() {
        let name = "requestheader-allowed-names";
        assert!(flags("--requestheader-allowed-names=").list_raw(name).is_empty());
        assert_eq!(flags("--requestheader-allowed-names=\"\"").list_raw(name), [""]);
        assert_eq!(flags("--requestheader-allowed-names=\"a,b\",c").list_raw(name), ["a,b", "c"]);
        assert_eq!(flags("--requestheader-allowed-names=\"a\"\"b\"").list_raw(name), ["a\"b"]);
        assert_eq!(flags("--requestheader-allowed-names=\"a").list_raw(name), ["\"a"]);
    }

    #[test]
    fn booleans_as_go_spells_them() {
        for yes in ["1", "t", "T", "TRUE", "true", "True"] {
            assert!(flags(&format!("--auto-tls={yes}")).is_true("auto-tls"));
        }
        for no in ["yes", "tRUE", "", "0", "on"] {
            assert!(!flags(&format!("--auto-tls={no}")).is_true("auto-tls"));
        }
    }

    #[test]
    fn variables_of_etcd() {
        let flag = etcd_variable("ETCD_PEER_CERT_FILE", "/x", Some(3)).map(|f| (f.name, f.value, f.line));
        assert_eq!(flag, Some(("peer-cert-file".to_owned(), "/x".to_owned(), Some(3))));
        assert_eq!(etcd_variable("ETCD_NAME", "", None), None);
        assert_eq!(etcd_variable("ETCDCTL_CERT", "/x", None), None);
        assert_eq!(etcd_variable("ETCD_", "/x", None), None);
    }
}
