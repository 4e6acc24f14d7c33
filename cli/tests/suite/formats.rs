//! `--format sarif|junit|prometheus|markdown|html` and `--graph`: well formed, whole, harmless.

use std::collections::HashSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::schema::valid;
use crate::support::{LATER, NOW, Ward, copy_with_modes, finish, testdata};

const DOCUMENTS: [&str; 5] = ["sarif", "junit", "prometheus", "markdown", "html"];

/// The schema that OASIS published, as a package of crates.io carries it.
fn sarif_schema() -> jsonschema::Validator {
    // other platforms want packages that nobody has fetched here
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let rustc = String::from_utf8(rustc.stdout).expect("UTF-8");
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", host, "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").expect("a dev-dependency");
    let manifest = std::path::PathBuf::from(package["manifest_path"].as_str().expect("a path"));
    let text = std::fs::read_to_string(manifest.with_file_name("src/schema.json")).expect("the schema");
    // as published, the bracket of one pattern has no partner
    let text = text.replace("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
}

fn broken() -> Ward {
    Ward::with(&["stacked-single", "ha"]).with_wrong_key()
}

#[test]
fn sarif_is_as_oasis_says_and_points_at_files_and_lines() {
    let schema = sarif_schema();
    let ward = Ward::act("act-1");
    let manifest = ward.path("act-1/manifests/etcd.yaml");
    let text = std::fs::read_to_string(&manifest)
        .expect("reads")
        .replace("--client-cert-auth=true", "--client-cert-auth=false");
    std::fs::write(&manifest, text).expect("writes");
    let log = ward.scan(&["act-1/pki", "--format", "sarif", "--ignore", "san-missing"]).code(0).json();
    valid(&schema, &log);
    let report = ward.scan(&["act-1/pki", "--format", "json", "--ignore", "san-missing"]).code(0).json();
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), report["findings"].as_array().expect("findings").len());
    let of = |code: &str| results.iter().find(|result| result["ruleId"] == code).expect("a result");
    let noop = of("client-cert-auth-noop");
    let place = &noop["locations"][0]["physicalLocation"];
    let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
    assert!(uri.ends_with("/manifests/etcd.yaml"), "{uri}");
    assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line > 1), "{place}");
    let server = of("san-missing");
    assert_eq!(server["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "act-1/pki/etcd/server.crt");
    assert_eq!(server["suppressions"][0]["kind"], "external");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    // several nodes, live nothing, all kinds of findings
    valid(&schema, &ward.run(&["scan", "act-1", "--at", LATER, "--format", "sarif"]).code(1).json());
    let ward = broken();
    for paths in [&["ha/cp1", "ha/cp2", "ha/cp3"][..], &["stacked-single"]] {
        valid(&schema, &ward.run(&[&["scan"], paths, &["--at", LATER, "--format", "sarif"]].concat()).code(1).json());
    }
    let nothing = ward.scan(&["nowhere", "--format", "sarif"]).code(2).json();
    valid(&schema, &nothing);
    assert_eq!(nothing["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

/// What code scanning makes of it: every place is a file of the checkout, however the PKI in it was named.
#[test]
fn sarif_leads_to_files_of_the_checkout() {
    let ward = Ward::act("act-1");
    let elsewhere = Ward::new();
    let act = ward.path("act-1");
    let places = |directory: &std::path::Path, words: &[&str]| -> Vec<String> {
        let mut command = ward.command(&[&["scan"], words, &["--at", LATER, "--format", "sarif"]].concat());
        command.current_dir(directory);
        let log = finish(command).code(1).json();
        let results = log["runs"][0]["results"].as_array().expect("results");
        let locations = results.iter().flat_map(|result| result["locations"].as_array().expect("locations"));
        locations
            .map(|place| place["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("a URI").to_owned())
            .collect()
    };
    copy_with_modes(&act, &ward.path("root/etc/kubernetes"));
    let absolute = act.to_str().expect("UTF-8");
    for (directory, words, checkout) in [
        (&ward.directory, &["act-1"][..], &ward.directory),
        (&ward.directory, &["./act-1/pki/"], &ward.directory),
        (&act, &["."], &act),
        (&act.join("pki"), &["."], &act.join("pki")),
        (&elsewhere.directory, &[absolute], &elsewhere.directory),
        (&ward.directory, &["/etc/kubernetes/pki", "--root", "root"], &ward.directory),
    ] {
        let found = places(directory, words);
        for end in ["pki/etcd/server.crt", "admin.conf"] {
            let wanted = |uri: &&String| end == **uri || uri.ends_with(&format!("/{end}"));
            let beside = *directory == act.join("pki") && (end == "admin.conf" || end.starts_with("pki/"));
            assert!(beside || found.iter().any(|uri| wanted(&uri)), "{words:?}: no {end} in {found:?}");
        }
        for uri in found {
            assert!(!uri.starts_with("./"), "{uri}");
            let file = uri.strip_prefix("file://").map_or_else(|| checkout.join(&uri), std::path::PathBuf::from);
            assert!(file.is_file(), "{words:?}: {uri}");
        }
    }
}

/// What only logs tell fails as what files tell does.
#[test]
fn causes_of_logs_are_results_and_cases() {
    let ward = Ward::new();
    let refused = "2026-11-23T02:59:00Z W | embed: rejected connection from \"192.168.6.11:41000\" (error \"tls: failed \
                   to verify client's certificate: x509: certificate specifies an incompatible key usage\", ServerName \
                   \"\")\n";
    std::fs::create_dir(ward.path("logs")).expect("a directory");
    std::fs::write(ward.path("logs/etcd.log"), refused).expect("writes");
    let run = |format: &str, more: &[&str]| {
        let words = ["diagnose", "./logs/etcd.log", "--no-pki", "--at", NOW, "--format", format];
        ward.run(&[&words[..], more].concat()).code(1)
    };
    let report = run("json", &[]).json();
    let first = &report["causes"][0];
    let log = run("sarif", &[]).json();
    valid(&sarif_schema(), &log);
    let run_of = &log["runs"][0];
    let result = &run_of["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&first["mode"], &"error".into()));
    let rule = &run_of["tool"]["driver"]["rules"]
        [usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small")];
    assert!(rule["id"] == first["mode"] && rule["shortDescription"]["text"].is_string(), "{rule}");
    let step = first["treatment"][0].as_str().expect("a step");
    assert!(result["message"]["text"].as_str().is_some_and(|text| text.contains(step)), "{result}");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&"logs/etcd.log".into(), &1.into())
    );
    let xml = run("junit", &[]).stdout;
    let found = tags(&xml);
    assert_eq!(found.iter().filter(|(tag, _)| tag == "failure").count(), 1, "{xml}");
    let failure = found.iter().find(|(tag, _)| tag == "failure").expect("a failure");
    let title = first["title"].as_str().expect("a title");
    assert!(failure.1.iter().any(|(key, value)| key == "message" && value.replace("&apos;", "'") == title), "{xml}");
    assert!(xml.contains(&format!("to do: {step}")), "{xml}");
}

/// A reader of the little XML that a test report is: every tag with its attributes, nested as it is.
fn tags(xml: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("an end of the tag");
        let tag = &rest[at + 1..end];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "nested");
        } else {
            let name = tag.split([' ', '/']).next().expect("a name").to_owned();
            let mut attributes = Vec::new();
            let mut inside = &tag[name.len()..];
            while let Some((key, more)) = inside.trim_start().split_once("=\"") {
                let (value, after) = more.split_once('"').expect("a quote");
                assert!(!value.contains(['<', '>']), "{value}");
                attributes.push((key.to_owned(), value.to_owned()));
                inside = after;
            }
            if !tag.ends_with('/') {
                open.push(name.clone());
            }
            found.push((name, attributes));
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
    found
}

#[test]
fn junit_counts_and_fails_where_the_exit_code_does() {
    let ward = broken();
    let count =
        |tags: &[(String, Vec<(String, String)>)], name: &str| tags.iter().filter(|(tag, _)| tag == name).count();
    let run = |more: &[&str], code| {
        let words = [&["stacked-single", "--format", "junit", "--expiry-warning", "3650"], more].concat();
        tags(&ward.scan(&words).code(code).stdout)
    };
    let usual = run(&[], 1);
    let report = ward.scan(&["stacked-single", "--format", "json", "--expiry-warning", "3650"]).code(1).json();
    let errors = report["summary"]["error"].as_u64().expect("a count");
    let links = report["nodes"][0]["links"].as_array().expect("links");
    let broken = links.iter().filter(|link| link["verdict"] == "broken" && link["weight"] == "vital").count();
    assert_eq!(count(&usual, "failure") as u64, errors + broken as u64);
    let suites = usual.iter().find(|(tag, _)| tag == "testsuites").expect("suites");
    let told = suites.1.iter().find(|(key, _)| key == "tests").expect("a count");
    assert_eq!(told.1, count(&usual, "testcase").to_string());
    assert!(count(&run(&["--fail-on", "warning"], 1), "failure") > count(&usual, "failure"));
    let nothing = tags(&ward.scan(&["nowhere", "--format", "junit"]).code(2).stdout);
    assert_eq!(count(&nothing, "error"), 1);
}

/// Names and help, as `promtool check metrics` (scripts/check-deploy) wants them, and no series twice.
#[test]
fn prometheus_holds_every_certificate_link_and_finding() {
    let ward = broken();
    let paths = ["ha/cp1", "ha/cp2", "ha/cp3"];
    let metrics = ward.scan(&[&paths[..], &["--format", "prometheus"]].concat()).code(0).stdout;
    let report = ward.scan(&[&paths[..], &["--format", "json"]].concat()).code(0).json();
    let mut seen = HashSet::new();
    let mut known = HashSet::new();
    for line in metrics.lines() {
        if let Some(head) = line.strip_prefix("# TYPE ") {
            known.insert(head.split(' ').next().expect("a name").to_owned());
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
        assert!(seen.insert(series.to_owned()), "twice: {series}");
        assert!(known.contains(series.split('{').next().expect("a name")), "no head: {line}");
    }
    let of = |start: &str| seen.iter().filter(|series| series.starts_with(start)).count();
    let nodes = report["nodes"].as_array().expect("nodes");
    let files = nodes.iter().flat_map(|node| node["files"].as_array().expect("files"));
    let certificates: usize = files.map(|file| file["certificates"].as_array().expect("certificates").len()).sum();
    assert_eq!(of("pkidoctor_certificate_not_after_timestamp_seconds{"), certificates);
    let links: usize = nodes.iter().map(|node| node["links"].as_array().expect("links").len()).sum();
    assert_eq!(of("pkidoctor_link_verdict{"), links * 2 * 3);
    let wrong = ward.scan(&["stacked-single", "--format", "prometheus"]).code(1).stdout;
    assert!(wrong.contains("code=\"key-mismatch\",severity=\"error\"} 1\n"), "{wrong}");
    // who refuses, and who does not
    let side = |side: &str, verdict: &str| {
        format!("name=\"127.0.0.1\",weight=\"vital\",side=\"{side}\",verdict=\"{verdict}\"}} 1\n")
    };
    assert!(wrong.contains(&side("server", "broken")) && wrong.contains(&side("client", "ok")), "{wrong}");
}

#[test]
fn documents_hold_every_finding_and_nothing_that_was_only_typed_as_markup() {
    let ward = broken();
    let report = ward.scan(&["stacked-single", "--format", "json"]).code(1).json();
    for format in DOCUMENTS {
        let text = ward.scan(&["stacked-single", "--format", format]).code(1).stdout;
        for finding in report["findings"].as_array().expect("findings") {
            let code = finding["code"].as_str().expect("a code");
            assert!(text.contains(code), "{format} lacks {code}");
        }
        assert!(!text.contains("PRIVATE KEY"), "{format}");
        // to a file, whole or not at all
        ward.scan(&["stacked-single", "--format", format, "-o", "out"]).code(1);
        let written = std::fs::read_to_string(ward.path("out")).expect("reads");
        let timeless = |text: &str| -> String {
            let lines = text.lines().filter(|line| !line.contains("duration_seconds") && !line.contains("time=\""));
            lines.collect()
        };
        assert_eq!(timeless(&written), timeless(&text), "{format}");
    }
    let page = ward.scan(&["stacked-single", "--format", "html"]).code(1).stdout;
    assert!(page.contains("default-src 'none'") && !page.contains("http://") && !page.contains("https://www"));
    for format in DOCUMENTS {
        for words in [&["verify", "x"][..], &["inspect", "x"], &["explain"], &["regen", "etcd"], &["fix"], &["recover"]]
        {
            let ran = ward.run(&[words, &["--format", format]].concat()).code(2);
            assert_eq!(ran.stdout, "", "{words:?}");
        }
        let log = testdata().join("story/etcd.log");
        let log = log.to_str().expect("UTF-8");
        let ran = ward.run(&["diagnose", log, "--no-pki", "--at", NOW, "--format", format]).code(1);
        assert!(!ran.stdout.is_empty());
        ward.run(&["diagnose", log, "--no-pki", "--follow", "--format", format]).code(2);
    }
}

#[test]
fn the_map_is_drawn_for_mermaid_and_dot() {
    let ward = broken();
    let mermaid = ward.scan(&["stacked-single", "--graph", "mermaid"]).code(1).stdout;
    assert!(mermaid.starts_with("flowchart LR\n"), "{mermaid}");
    assert!(mermaid.contains("kube-apiserver->etcd 127.0.0.1") && mermaid.contains("linkStyle"), "{mermaid}");
    let dot = ward.scan(&["stacked-single", "ha/cp1", "--graph", "dot"]).code(1).stdout;
    let mut graphviz =
        Command::new("dot").args(["-Tsvg"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("dot runs");
    graphviz.stdin.take().expect("a pipe").write_all(dot.as_bytes()).expect("writes");
    let drawn = graphviz.wait_with_output().expect("ends");
    assert!(drawn.status.success(), "{dot}");
    let svg = String::from_utf8(drawn.stdout).expect("UTF-8");
    assert!(svg.contains("kubeadm") && svg.matches("<g id=\"edge").count() > 12, "{svg}");
    ward.scan(&["stacked-single", "--graph", "dot", "--format", "json"]).code(2);
}

/// What each document and command says in Chinese, and the English that it must not say.
#[test]
fn chinese_is_spoken_everywhere() {
    let ward = Ward::with(&["ha"]);
    let ca = Ward::act("act-1");
    std::fs::copy(ca.path("act-1/pki/etcd/ca.crt"), ward.path("ha/cp2/pki/etcd/ca.crt")).expect("copies");
    let server = ["regen", "etcd-server", "--no-backup", "--dry-run", "--pki", "ha/cp1/pki"];
    let scan = ["scan", "ha/cp1", "ha/cp2", "ha/cp3", "--at", NOW];
    for (words, said, unsaid) in [
        (
            &[&scan[..], &["--format", "markdown"]].concat()[..],
            &["## 处置", "如需确认: etcd 的日志中应有", "| 链路 | 连接 | 判定 |", "| 不通 | 客户端 |"][..],
            &["## What", "## Links", "## Findings", "Avoid", "| link |", "breaks"][..],
        ),
        (
            &[&scan[..], &["--format", "html"]].concat(),
            &["如需确认", "出示 A", "cp2 的 etcd", "2027 年 11 月", "客户端报告: tls: ", "etcd 的日志中应有"],
            &["To confirm", ">shows ", "etcd of", "November", "the client says", "in the log of"],
        ),
        (&[&scan[..], &["--graph", "mermaid"]].concat(), &["客户端拒绝", "|信任方|"], &["refuses", "trusted by"]),
        (&scan, &["etcd/ca.crt 位于 cp1, cp2, cp3"], &[" on cp1"]),
        (&server, &["位于 cp1"], &[" on cp1"]),
        (&["inspect", "ha/cp1/pki/etcd/server.crt"], &["第 1 行：证书 CN=cp1"], &["line 1"]),
        (&["explain", "live-differs"], &["看什么：对每条", "依据：本工具的判断："], &["opinion"]),
    ] {
        let told = ward.run(&[words, &["--lang", "zh"]].concat()).stdout;
        for words in said {
            assert!(told.contains(words), "no {words} in\n{told}");
        }
        for english in unsaid {
            assert!(!told.contains(english), "{english} in\n{told}");
        }
    }
}

#[test]
fn pages_break_lines_between_words_and_name_each_command_once() {
    let ward = Ward::with(&["stacked-single"]);
    let page = ward.run(&["scan", "stacked-single", "--at", LATER, "--format", "html"]).code(1).stdout;
    assert!(page.contains("<th scope=\"row\">kubeadm<wbr><span class=\"arrow\">-&gt;</span>etcd</th>"), "{page}");
    let cells = page.split("\nth, td {").nth(1).and_then(|rest| rest.split('}').next()).expect("a rule");
    assert!(cells.contains("overflow-wrap: break-word"), "{cells}");
    let text = ward.run(&["scan", "stacked-single", "--at", LATER, "--format", "markdown"]).code(1).stdout;
    let todo = text.split("## Links of").next().expect("a beginning");
    assert_eq!(todo.matches("pkidoctor regen").count(), 1, "{todo}");
}
