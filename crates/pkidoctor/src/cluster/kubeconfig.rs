//! Kubeconfigs, as client-go reads them: what the current context says, and where its certificates and key come from.
//!
//! A kubeconfig holds a private key. Nothing here has a `Debug`, decoded fields are wiped when dropped, and no message
//! quotes the file; what cannot be wiped, the module of YAML says.

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, Visitor};
use zeroize::Zeroizing;

use crate::cluster::flags::Placed;
use crate::cluster::manifest::{clean, is_yes};
use crate::cluster::yaml::{Problem, Spanned, Text, line, read_yaml};
use crate::x509::base64;

/// Why a file gave no kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// Well-formed YAML of another kind.
    OtherFile,
    /// No YAML, or a kubeconfig whose fields have shapes that client-go refuses.
    Broken(Problem),
}

/// A kubeconfig.
pub struct Kubeconfig {
    /// `current-context`, unless empty.
    pub current_context: Option<Placed<String>>,
    /// All contexts, in order.
    pub contexts: Vec<Context>,
    /// All clusters, in order.
    pub clusters: Vec<Cluster>,
    /// All users, in order.
    pub users: Vec<User>,
}

/// A context: which user speaks to which cluster.
pub struct Context {
    /// Its name and line.
    pub name: Placed<String>,
    /// The name of its cluster, unless empty.
    pub cluster: Option<Placed<String>>,
    /// The name of its user, unless empty.
    pub user: Option<Placed<String>>,
    /// Its namespace, unless empty.
    pub namespace: Option<String>,
}

/// A cluster.
pub struct Cluster {
    /// Its name and line.
    pub name: Placed<String>,
    /// The URL of the API server, unless empty.
    pub server: Option<Placed<String>>,
    /// The name to expect in the server's certificate instead of the URL's host, unless empty.
    pub tls_server_name: Option<Placed<String>>,
    /// Whether the server's certificate is not verified. client-go refuses this together with a CA.
    pub insecure_skip_tls_verify: bool,
    /// A proxy on the way, unless empty.
    pub proxy_url: Option<Placed<String>>,
    /// The CA that the server's certificate is verified with.
    pub ca: Field,
}

/// A user.
pub struct User {
    /// Its name and line.
    pub name: Placed<String>,
    /// The client certificate, with its chain.
    pub client_certificate: Field,
    /// The private key of the client certificate.
    pub client_key: Field,
    /// Whether there is a `token` or a `tokenFile`.
    pub has_token: bool,
    /// Whether an external program or plug-in provides the credentials.
    pub has_exec_or_auth_provider: bool,
    /// The name for basic authentication, unless empty.
    pub username: Option<String>,
    /// Whether there is a password for basic authentication.
    pub has_password: bool,
}

/// A file that a kubeconfig holds or names.
pub struct Field {
    /// What counts: data wins over a path.
    pub source: Source,
    /// The line of what counts.
    pub line: Option<u64>,
    /// A path that was given as well. client-go calls such a kubeconfig invalid
    /// (`client-cert-data and client-cert are both specified`).
    pub also_path: Option<String>,
}

/// Where the bytes of a [`Field`] are.
pub enum Source {
    /// Not given.
    Absent,
    /// In the kubeconfig; already decoded.
    Data(Zeroizing<Vec<u8>>),
    /// In this file; relative paths start at the kubeconfig's directory, see [`resolve`].
    Path(String),
    /// In the kubeconfig, but Go says `illegal base64 data at input byte N`, and client-go refuses the whole file.
    BadBase64 {
        /// Go's `CorruptInputError`.
        offset: usize,
    },
}

/// Why the current context does not lead to a cluster or a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextProblem {
    /// `current-context` is absent or empty.
    NoCurrentContext,
    /// `current-context` names no context.
    UnknownContext(String),
    /// The context names no cluster.
    NoCluster,
    /// The context's cluster does not exist.
    UnknownCluster(String),
    /// The context names no user.
    NoUser,
    /// The context's user does not exist.
    UnknownUser(String),
}

/// What the current context leads to.
pub struct Current<'a> {
    /// The context.
    pub context: &'a Context,
    /// Its cluster.
    pub cluster: Result<&'a Cluster, ContextProblem>,
    /// Its user.
    pub user: Result<&'a User, ContextProblem>,
}

impl Kubeconfig {
    /// Follows the current context.
    ///
    /// # Errors
    /// When there is no current context; a missing cluster or user is told in the result.
    pub fn current(&self) -> Result<Current<'_>, ContextProblem> {
        let wanted = self.current_context.as_ref().ok_or(ContextProblem::NoCurrentContext)?;
        let context = self.contexts.iter().find(|context| context.name.it == wanted.it);
        let context = context.ok_or_else(|| ContextProblem::UnknownContext(wanted.it.clone()))?;
        Ok(Current { context, cluster: self.cluster_of(context), user: self.user_of(context) })
    }

    /// The offset in the error that client-go gives for this file, if any field of any cluster or user is not base64.
    /// Clusters come first, as in the JSON that the YAML is turned into.
    pub fn bad_base64(&self) -> Option<usize> {
        let clusters = self.clusters.iter().map(|cluster| &cluster.ca);
        let users = self.users.iter().flat_map(|user| [&user.client_certificate, &user.client_key]);
        clusters.chain(users).find_map(|field| match field.source {
            Source::BadBase64 { offset } => Some(offset),
            _ => None,
        })
    }

    /// Names that two clusters, two contexts or two users share; client-go refuses them (`duplicate name in list`).
    pub fn duplicate_names(&self) -> Vec<&Placed<String>> {
        let mut found = repeated(self.clusters.iter().map(|cluster| &cluster.name));
        found.extend(repeated(self.contexts.iter().map(|context| &context.name)));
        found.extend(repeated(self.users.iter().map(|user| &user.name)));
        found
    }

    fn cluster_of(&self, context: &Context) -> Result<&Cluster, ContextProblem> {
        let wanted = &context.cluster.as_ref().ok_or(ContextProblem::NoCluster)?.it;
        let found = self.clusters.iter().find(|cluster| cluster.name.it == *wanted);
        found.ok_or_else(|| ContextProblem::UnknownCluster(wanted.clone()))
    }

    fn user_of(&self, context: &Context) -> Result<&User, ContextProblem> {
        let wanted = &context.user.as_ref().ok_or(ContextProblem::NoUser)?.it;
        let found = self.users.iter().find(|user| user.name.it == *wanted);
        found.ok_or_else(|| ContextProblem::UnknownUser(wanted.clone()))
    }
}

/// Reads a kubeconfig. An empty file is an empty kubeconfig, as for client-go; of several documents the first counts.
///
/// # Errors
/// [`Unusable::OtherFile`] for YAML that is something else, [`Unusable::Broken`] for what no reader could use.
pub fn parse(bytes: &[u8]) -> Result<Kubeconfig, Unusable> {
    let shapes: Vec<Shape> = read_yaml(bytes).map_err(|problem| why_not(bytes, problem))?;
    let Some(shape) = shapes.into_iter().next() else {
        return Ok(Shape::default().into());
    };
    match shape.kind.as_ref().map(|kind| kind.value.as_str()) {
        Some("Config") => Ok(shape.into()),
        // client-go fills in a missing kind; a file that says nothing at all is not called a kubeconfig
        None | Some("") if shape.says_something() => Ok(shape.into()),
        _ => Err(Unusable::OtherFile),
    }
}

/// The path that a kubeconfig in `directory` means, as client-go resolves it.
pub fn resolve(directory: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { clean(&format!("{directory}/{path}")) }
}

/// Tells a broken kubeconfig from another kind of file that happens to have a field of the same name.
fn why_not(bytes: &[u8], problem: Problem) -> Unusable {
    if read_yaml::<IgnoredAny>(bytes).is_err() {
        return Unusable::Broken(problem);
    }
    let Ok(heads) = read_yaml::<Head>(bytes) else {
        return Unusable::OtherFile;
    };
    let kind = heads.into_iter().next().and_then(|head| head.kind);
    match kind.as_deref() {
        None | Some("" | "Config") => Unusable::Broken(problem),
        Some(_) => Unusable::OtherFile,
    }
}

fn repeated<'a>(names: impl Iterator<Item = &'a Placed<String>>) -> Vec<&'a Placed<String>> {
    let mut seen = std::collections::BTreeSet::new();
    names.filter(|name| !seen.insert(name.it.as_str())).collect()
}

/// Data in base64, decoded as it is read: the text, which may be a key, is not copied.
struct Data(Result<Zeroizing<Vec<u8>>, usize>);

/// Whether there is any text; the text itself is not kept.
struct Given(bool);

struct TextOf<T>(fn(&str) -> T);

impl<T> Visitor<'_> for TextOf<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(text))
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_string(TextOf(|text| Self(base64::decode(text.as_bytes()))))
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_string(TextOf(|text| Self(!text.is_empty())))
    }
}

#[derive(Deserialize)]
struct Head {
    kind: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Shape {
    kind: Text,
    current_context: Text,
    contexts: Option<Vec<NamedContext>>,
    clusters: Option<Vec<NamedCluster>>,
    users: Option<Vec<NamedUser>>,
}

impl Shape {
    fn says_something(&self) -> bool {
        self.current_context.is_some() || self.contexts.is_some() || self.clusters.is_some() || self.users.is_some()
    }
}

#[derive(Deserialize)]
struct NamedContext {
    name: Text,
    context: Option<ContextShape>,
}

#[derive(Default, Deserialize)]
struct ContextShape {
    cluster: Text,
    user: Text,
    namespace: Text,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: Text,
    cluster: Option<ClusterShape>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ClusterShape {
    server: Text,
    tls_server_name: Text,
    insecure_skip_tls_verify: Option<String>,
    proxy_url: Text,
    certificate_authority: Text,
    certificate_authority_data: Option<Spanned<Data>>,
}

#[derive(Deserialize)]
struct NamedUser {
    name: Text,
    user: Option<UserShape>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UserShape {
    client_certificate: Text,
    client_certificate_data: Option<Spanned<Data>>,
    client_key: Text,
    client_key_data: Option<Spanned<Data>>,
    token: Option<Given>,
    #[serde(rename = "tokenFile")]
    token_file: Option<Given>,
    exec: Option<IgnoredAny>,
    auth_provider: Option<IgnoredAny>,
    username: Option<String>,
    password: Option<Given>,
}

impl From<Shape> for Kubeconfig {
    fn from(shape: Shape) -> Self {
        Self {
            current_context: placed(shape.current_context),
            contexts: shape.contexts.unwrap_or_default().into_iter().map(Context::from).collect(),
            clusters: shape.clusters.unwrap_or_default().into_iter().map(Cluster::from).collect(),
            users: shape.users.unwrap_or_default().into_iter().map(User::from).collect(),
        }
    }
}

impl From<NamedContext> for Context {
    fn from(named: NamedContext) -> Self {
        let shape = named.context.unwrap_or_default();
        Self {
            name: name(named.name),
            cluster: placed(shape.cluster),
            user: placed(shape.user),
            namespace: placed(shape.namespace).map(|namespace| namespace.it),
        }
    }
}

impl From<NamedCluster> for Cluster {
    fn from(named: NamedCluster) -> Self {
        let shape = named.cluster.unwrap_or_default();
        Self {
            name: name(named.name),
            server: placed(shape.server),
            tls_server_name: placed(shape.tls_server_name),
            insecure_skip_tls_verify: is_yes(shape.insecure_skip_tls_verify.as_deref()),
            proxy_url: placed(shape.proxy_url),
            ca: field(shape.certificate_authority_data, shape.certificate_authority),
        }
    }
}

impl From<NamedUser> for User {
    fn from(named: NamedUser) -> Self {
        let shape = named.user.unwrap_or_default();
        let given = |field: Option<Given>| field.is_some_and(|field| field.0);
        Self {
            name: name(named.name),
            client_certificate: field(shape.client_certificate_data, shape.client_certificate),
            client_key: field(shape.client_key_data, shape.client_key),
            has_token: given(shape.token) || given(shape.token_file),
            has_exec_or_auth_provider: shape.exec.is_some() || shape.auth_provider.is_some(),
            username: shape.username.filter(|name| !name.is_empty()),
            has_password: given(shape.password),
        }
    }
}

/// Data that decodes to nothing is no data, as for client-go.
fn field(data: Option<Spanned<Data>>, path: Text) -> Field {
    let path = placed(path);
    let Some(data) = data else {
        return path_field(path);
    };
    let place = line(&data);
    let source = match data.value.0 {
        Ok(bytes) if bytes.is_empty() => return path_field(path),
        Ok(bytes) => Source::Data(bytes),
        Err(offset) => Source::BadBase64 { offset },
    };
    Field { source, line: place, also_path: path.map(|path| path.it) }
}

fn path_field(path: Option<Placed<String>>) -> Field {
    let line = path.as_ref().and_then(|path| path.line);
    Field { source: path.map_or(Source::Absent, |path| Source::Path(path.it)), line, also_path: None }
}

/// A text that is not empty.
fn placed(text: Text) -> Option<Placed<String>> {
    let text = text.filter(|text| !text.value.is_empty())?;
    let place = line(&text);
    Some(Placed::at(text.value, place))
}

fn name(text: Text) -> Placed<String> {
    placed(text).unwrap_or(Placed::at(String::new(), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From a real kubeadm 1.20 cluster, the data replaced.
    const ADMIN: &str = "\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Y2E=
    server: https://192.168.6.11:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
preferences: {}
users:
- name: kubernetes-admin
  user:
    client-certificate-data: Y2VydA==
    client-key-data: a2V5
";

    const KUBELET: &str = "\
apiVersion: v1
clusters:
- cluster: {certificate-authority: pki/ca.crt, server: 'https://[fd00::1]:6443', tls-server-name: api}
  name: default-cluster
contexts:
- context: {cluster: default-cluster, user: default-auth, namespace: default}
  name: default-context
current-context: default-context
kind: Config
users:
- name: default-auth
  user:
    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem
    client-key: /var/lib/kubelet/pki/kubelet-client-current.pem
";

    fn read(text: &str) -> Kubeconfig {
        match parse(text.as_bytes()) {
            Ok(config) => config,
            Err(why) => panic!("{why:?}: {text}"),
        }
    }

    fn refused(bytes: &[u8]) -> Unusable {
        match parse(bytes) {
            Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(bytes)),
            Err(why) => why,
        }
    }

    /// A one-letter description of a source.
    fn told(field: &Field) -> String {
        match &field.source {
            Source::Absent => "-".to_owned(),
            Source::Data(bytes) => format!("data {}", String::from_utf8_lossy(bytes)),
            Source::Path(path) => format!("path {path}"),
            Source::BadBase64 { offset } => format!("bad {offset}"),
        }
    }

    fn current(config: &Kubeconfig) -> (&Cluster, &User) {
        let Ok(current) = config.current() else { panic!("no context") };
        let (Ok(cluster), Ok(user)) = (current.cluster, current.user) else { panic!("no cluster or user") };
        (cluster, user)
    }

    #[test]
    fn a_kubeadm_kubeconfig() {
        let config = read(ADMIN);
        let (cluster, user) = current(&config);
        let server = cluster.server.as_ref().expect("a server");
        assert_eq!((server.it.as_str(), server.line), ("https://192.168.6.11:6443", Some(5)));
        assert_eq!((told(&cluster.ca).as_str(), cluster.ca.line), ("data ca", Some(4)));
        assert_eq!((told(&user.client_certificate).as_str(), user.client_certificate.line), ("data cert", Some(18)));
        assert_eq!(told(&user.client_key), "data key");
        assert!(!user.has_token && !user.has_password && !user.has_exec_or_auth_provider);
        assert!(!cluster.insecure_skip_tls_verify && cluster.tls_server_name.is_none());
        assert_eq!(config.bad_base64(), None);
        assert!(config.duplicate_names().is_empty());
    }

    #[test]
    fn a_kubelet_kubeconfig_names_files() {
        let config = read(KUBELET);
        let (cluster, user) = current(&config);
        assert_eq!(told(&cluster.ca), "path pki/ca.crt");
        assert_eq!(cluster.tls_server_name.as_ref().map(|n| n.it.as_str()), Some("api"));
        assert_eq!(told(&user.client_key), "path /var/lib/kubelet/pki/kubelet-client-current.pem");
        assert_eq!(resolve("/etc/kubernetes", "pki/../pki/ca.crt"), "/etc/kubernetes/pki/ca.crt");
        assert_eq!(resolve("/etc/kubernetes", "/a/../b"), "/a/../b");
    }

    #[test]
    fn data_wins_over_a_path_unless_it_is_empty() {
        let user = |fields: &str| {
            let mut users = read(&format!("kind: Config\nusers:\n- name: u\n  user: {{{fields}}}\n")).users;
            users.pop().expect("a user")
        };
        let both = user("client-key-data: a2V5, client-key: /k");
        assert_eq!((told(&both.client_key).as_str(), both.client_key.also_path.as_deref()), ("data key", Some("/k")));
        assert_eq!(told(&user("client-key-data: '', client-key: /k").client_key), "path /k");
        assert_eq!(told(&user("client-key-data: null, client-key: /k").client_key), "path /k");
        assert_eq!(told(&user("client-key-data: \"\\n\"").client_key), "-");
        assert_eq!(told(&user("client-key: ''").client_key), "-");
        assert_eq!(told(&user("client-key-data: 'a2V5 '").client_key), "bad 4");
        assert!(user("token: abc").has_token && user("tokenFile: /t").has_token && !user("token: ''").has_token);
        assert!(user("exec: {command: x}").has_exec_or_auth_provider);
        assert!(user("auth-provider: {name: x}").has_exec_or_auth_provider);
        let basic = user("username: me, password: pw");
        assert!(basic.has_password && basic.username.as_deref() == Some("me"));
    }

    #[test]
    fn block_scalars_hold_base64_too() {
        let config = read(
            "kind: Config\nusers:\n- name: u\n  user:\n    client-key-data: |\n      a2\n      V5\n    client-certificate-data: >-\n      Y2\n      E=\n",
        );
        assert_eq!(told(&config.users[0].client_key), "data key");
        // folding makes a blank of the line end
        assert_eq!(told(&config.users[0].client_certificate), "bad 2");
        assert_eq!(config.bad_base64(), Some(2));
    }

    #[test]
    fn contexts_that_lead_nowhere() {
        let problem = |text: &str| read(text).current().err();
        assert_eq!(problem(""), Some(ContextProblem::NoCurrentContext));
        assert_eq!(problem("kind: Config\n"), Some(ContextProblem::NoCurrentContext));
        assert_eq!(
            problem(&ADMIN.replace("current-context: kubernetes-admin@kubernetes", "current-context: ''")),
            Some(ContextProblem::NoCurrentContext)
        );
        assert_eq!(problem("current-context: x\n"), Some(ContextProblem::UnknownContext("x".to_owned())));
        let half = read("current-context: x\ncontexts:\n- name: x\n  context: {cluster: c, user: u}\n- name: y\n");
        let Ok(now) = half.current() else { panic!("no context") };
        assert_eq!(now.cluster.err(), Some(ContextProblem::UnknownCluster("c".to_owned())));
        assert_eq!(now.user.err(), Some(ContextProblem::UnknownUser("u".to_owned())));
        let bare = read("current-context: y\ncontexts:\n- name: y\n");
        let Ok(now) = bare.current() else { panic!("no context") };
        assert_eq!(
            (now.cluster.err(), now.user.err()),
            (Some(ContextProblem::NoCluster), Some(ContextProblem::NoUser))
        );
    }

    #[test]
    fn duplicate_names() {
        let config = read("kind: Config\nclusters:\n- name: a\n- name: a\n- name: b\nusers: [{name: a}]\n");
        let lines: Vec<_> = config.duplicate_names().iter().map(|n| (n.it.as_str(), n.line)).collect();
        assert_eq!(lines, [("a", Some(4))]);
    }

    #[test]
    fn json_and_other_spellings() {
        let json = "{\"kind\":\"Config\",\"clusters\":[{\"name\":\"c\",\"cluster\":{\"insecure-skip-tls-verify\":true,\"server\":\"https:\\/\\/h\"}}]}";
        let config = read(json);
        assert!(config.clusters[0].insecure_skip_tls_verify);
        assert_eq!(config.clusters[0].server.as_ref().map(|s| s.it.as_str()), Some("https://h"));
        let data = "QUJD".repeat(3000);
        let long = read(&format!(
            "{{\"kind\":\"Config\",\"users\":[{{\"name\":\"u\",\"user\":{{\"client-key-data\":\"{data}\"}}}}]}}"
        ));
        assert!(matches!(&long.users[0].client_key.source, Source::Data(bytes) if bytes.len() == 9000));
        assert_eq!(read(&format!("\u{feff}{ADMIN}")).users.len(), 1);
        assert_eq!(read(&ADMIN.replace('\n', "\r\n")).users.len(), 1);
    }

    #[test]
    fn other_files() {
        for text in [
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
            "kind: Pod\nusers: 5\n",
            "a: b\n",
            "- a\n",
            "text",
            "{}",
            "kind: [a]\n",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(refused(text.as_bytes()), Unusable::OtherFile, "{text}");
        }
    }

    #[test]
    fn broken_files_do_not_leak() {
        let cases: [(&str, u64); 7] = [
            ("kind: Config\nusers: TOPSECRET\n", 2),
            ("kind: Config\nusers:\n- name: u\n  user: TOPSECRET\n", 4),
            ("kind: Config\nusers:\n- name: u\n  user: {client-key-data: [TOPSECRET]}\n", 4),
            ("kind: Config\nusers:\n- name: u\n  user: {client-key-data: {TOPSECRET: 1}}\n", 4),
            ("kind: Config\nx: 'TOPSECRET\n", 2),
            ("kind: Config\nx: TOPSECRET\n y: TOPSECRET\n", 3),
            ("kind: Config\nx: *TOPSECRET\n", 2),
        ];
        for (text, at) in cases {
            let Unusable::Broken(problem) = refused(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(problem.line, Some(at), "{problem:?}");
            assert!(!problem.message.contains("TOPSECRET"), "{problem:?}");
        }
    }

    #[test]
    fn hostile_files() {
        for bytes in [
            "[".repeat(20_000).into_bytes(),
            format!("kind: Config\nusers: {}", "[".repeat(20_000)).into_bytes(),
            vec![b'a'; 2 << 20],
            vec![0; 4096],
            vec![0xff; 4096],
        ] {
            assert!(matches!(refused(&bytes), Unusable::Broken(_)));
        }
    }

    #[test]
    fn base64_that_go_accepts() {
        let cases: [(&str, &[u8]); 10] = [
            ("", b""),
            ("\n\r\n", b""),
            ("YQ==", b"a"),
            ("YR==", b"a"),
            ("YWI=", b"ab"),
            ("YWJj", b"abc"),
            ("Y\nW\rJ\r\nj\n", b"abc"),
            ("YQ=\n=\n\n", b"a"),
            ("YWI\n=\n", b"ab"),
            ("+/+/", &[0xfb, 0xff, 0xbf]),
        ];
        for (text, bytes) in cases {
            let decoded = base64::decode(text.as_bytes());
            assert_eq!(decoded.as_ref().map(|d| d.as_slice()), Ok(bytes), "{text:?}");
        }
    }

    /// Offsets printed by Go 1.27.
    #[test]
    fn base64_that_go_refuses() {
        let cases = GO_REFUSES;
        for (text, offset) in cases {
            assert_eq!(base64::decode(text.as_bytes()).err(), Some(*offset), "{text:?}");
        }
    }

    const GO_REFUSES: &[(&str, usize)] = &[
        ("Y", 0),
        ("YQ", 0),
        ("YQ=", 3),
        ("YWI", 0),
        ("YWJ", 0),
        ("YQ==x", 4),
        ("YQ==YQ==", 4),
        ("YWI=x", 4),
        ("=", 0),
        ("Y=", 1),
        ("Y===", 1),
        ("YQ=x", 2),
        ("YQ=\nx", 3),
        ("YQ=\n", 4),
        ("YQ\n", 1),
        ("YW\nJ", 1),
        ("YWJjY", 4),
        ("YWJjYQ", 4),
        ("YWJjYQ\n\n", 6),
        ("-----BEGIN", 0),
        ("YWJj YWJj", 4),
        (" YWJj", 0),
        ("YWJj\t", 4),
        ("YW-j", 2),
        ("YWJjYWJjYWJj=", 12),
        ("\n\nY", 2),
        ("YWJjé", 4),
        ("YWJjYWJjYWJjYWJj!AAA", 16),
        ("\n=", 1),
        ("YWI==", 4),
        ("YQ===", 4),
    ];
}
