//! A kubeconfig without its secrets: clusters, users, contexts, and the certificates embedded in it.

use pkidoctor::cluster::kubeconfig::{self, Cluster, Context, ContextProblem, Field, Kubeconfig, Source, User};
use pkidoctor::go::GoVersion;
use pkidoctor::go::load::Material;
use serde::Serialize;

use super::contents::{Block, blocks, pair};

/// What a kubeconfig says.
#[derive(Serialize)]
pub(super) struct KubeconfigContents {
    pub(super) current_context: Option<String>,
    /// Why the current context leads nowhere.
    pub(super) problem: Option<String>,
    pub(super) contexts: Vec<ContextContents>,
    pub(super) clusters: Vec<ClusterContents>,
    pub(super) users: Vec<UserContents>,
}

#[derive(Serialize)]
pub(super) struct ContextContents {
    pub(super) name: String,
    pub(super) cluster: Option<String>,
    pub(super) user: Option<String>,
    pub(super) namespace: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ClusterContents {
    pub(super) name: String,
    pub(super) server: Option<String>,
    pub(super) tls_server_name: Option<String>,
    pub(super) insecure_skip_tls_verify: bool,
    pub(super) proxy_url: Option<String>,
    pub(super) ca: FieldContents,
}

#[derive(Serialize)]
pub(super) struct UserContents {
    pub(super) name: String,
    pub(super) client_certificate: FieldContents,
    pub(super) client_key: FieldContents,
    /// Whether the embedded key belongs to the embedded certificate; else Go's words.
    pub(super) pair: Option<String>,
    /// `token`, `exec or auth provider`, `password`: that there is one, never what it is.
    pub(super) other_credentials: Vec<&'static str>,
}

/// A certificate or key: embedded, or where it lies.
#[derive(Serialize)]
pub(super) struct FieldContents {
    /// `absent`, `embedded`, `path`, `not base64`.
    pub(super) source: &'static str,
    pub(super) path: Option<String>,
    pub(super) blocks: Vec<Block>,
}

/// Reads a kubeconfig; `None` when it is something else.
pub(super) fn read(bytes: &[u8], go: GoVersion) -> Option<KubeconfigContents> {
    let read = kubeconfig::parse(bytes).ok()?;
    Some(KubeconfigContents {
        current_context: read.current_context.as_ref().map(|context| context.it.clone()),
        problem: problem(&read),
        contexts: read.contexts.iter().map(context).collect(),
        clusters: read.clusters.iter().map(|known| cluster(known, go)).collect(),
        users: read.users.iter().map(|known| user(known, go)).collect(),
    })
}

fn problem(read: &Kubeconfig) -> Option<String> {
    let words = |problem: &ContextProblem| match problem {
        ContextProblem::NoCurrentContext => "there is no current context".to_owned(),
        ContextProblem::UnknownContext(name) => format!("the current context {name} does not exist"),
        ContextProblem::NoCluster => "the current context names no cluster".to_owned(),
        ContextProblem::UnknownCluster(name) => format!("the current context's cluster {name} does not exist"),
        ContextProblem::NoUser => "the current context names no user".to_owned(),
        ContextProblem::UnknownUser(name) => format!("the current context's user {name} does not exist"),
    };
    match read.current() {
        Err(problem) => Some(words(&problem)),
        Ok(current) => current.cluster.err().or(current.user.err()).map(|problem| words(&problem)),
    }
}

fn context(known: &Context) -> ContextContents {
    ContextContents {
        name: known.name.it.clone(),
        cluster: known.cluster.as_ref().map(|cluster| cluster.it.clone()),
        user: known.user.as_ref().map(|user| user.it.clone()),
        namespace: known.namespace.clone(),
    }
}

fn cluster(known: &Cluster, go: GoVersion) -> ClusterContents {
    ClusterContents {
        name: known.name.it.clone(),
        server: known.server.as_ref().map(|server| without_password(&server.it)),
        tls_server_name: known.tls_server_name.as_ref().map(|name| name.it.clone()),
        insecure_skip_tls_verify: known.insecure_skip_tls_verify,
        proxy_url: known.proxy_url.as_ref().map(|url| without_password(&url.it)),
        ca: field(&known.ca, go).0,
    }
}

fn user(known: &User, go: GoVersion) -> UserContents {
    let (client_certificate, certificate) = field(&known.client_certificate, go);
    let (client_key, key) = field(&known.client_key, go);
    let others = [
        (known.has_token, "token"),
        (known.has_exec_or_auth_provider, "exec or auth provider"),
        (known.has_password, "password"),
    ];
    UserContents {
        name: known.name.it.clone(),
        pair: certificate.zip(key).and_then(|(certificate, key)| pair(&certificate, &key)),
        client_certificate,
        client_key,
        other_credentials: others.into_iter().filter(|(there, _)| *there).map(|(_, name)| name).collect(),
    }
}

fn field(known: &Field, go: GoVersion) -> (FieldContents, Option<Material>) {
    let bare = |source| FieldContents { source, path: None, blocks: Vec::new() };
    match &known.source {
        Source::Absent => (bare("absent"), None),
        Source::BadBase64 { .. } => (bare("not base64"), None),
        Source::Path(path) => (FieldContents { path: Some(path.clone()), ..bare("path") }, None),
        Source::Data(bytes) => {
            let material = Material::read(bytes, go);
            (FieldContents { blocks: blocks(&material), ..bare("embedded") }, Some(material))
        }
    }
}

/// A URL may carry a password before the `@` of its authority.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (&url[..scheme.len() + 3], rest));
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}***{}", &rest[at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_in_urls_are_not_shown() {
        assert_eq!(without_password("https://admin:secret@10.0.0.1:6443/x"), "https://***@10.0.0.1:6443/x");
        assert_eq!(without_password("https://10.0.0.1:6443/a@b"), "https://10.0.0.1:6443/a@b");
        assert_eq!(without_password("admin:secret@proxy"), "***@proxy");
    }
}
