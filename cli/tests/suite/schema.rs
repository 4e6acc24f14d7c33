//! Real output against `docs/report.schema.json`.

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{LATER, NOW, Ward};

pub(crate) fn validator(line: bool) -> Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json");
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    if line {
        schema = json!({ "$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": "#/$defs/line" });
    }
    jsonschema::validator_for(&schema).expect("a schema")
}

#[track_caller]
pub(crate) fn valid(validator: &Validator, value: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

const CLUSTERS: [&[&str]; 5] =
    [&["stacked-single"], &["ecdsa"], &["ipv6"], &["external-etcd"], &["ha/cp1", "ha/cp2", "ha/cp3"]];

#[test]
fn reports_and_lines_are_as_the_schema_says() {
    let (report, line) = (validator(false), validator(true));
    for clusters in CLUSTERS {
        let ward = Ward::with(clusters);
        for at in [NOW, LATER] {
            let run = |format: &str| ward.run(&[&["scan"], clusters, &["--at", at, "--format", format]].concat());
            let whole = run("json").json();
            valid(&report, &whole);
            let lines = run("ndjson").lines();
            for one in &lines {
                valid(&line, one);
            }
            agree(&whole, &lines);
        }
    }
}

#[test]
fn what_could_not_be_examined_is_valid_too() {
    let ward = Ward::new();
    valid(&validator(false), &ward.scan(&["nowhere", "--format", "json"]).code(2).json());
    valid(&validator(true), &ward.scan(&["nowhere", "--format", "ndjson"]).code(2).json());
    valid(&validator(true), &ward.scan(&["--each", "nowhere"]).code(2).json());
}

#[test]
fn the_schema_is_strict_where_it_counts() {
    let ward = Ward::with(&["stacked-single"]);
    let good = ward.scan(&["stacked-single", "--format", "json"]).code(0).json();
    let report = validator(false);
    for (pointer, bad) in [
        ("/verdict", "fine"),
        ("/nodes/0/links/0/weight", "heavy"),
        ("/nodes/0/links/0/verdict", "fine"),
        ("/schema", "v2"),
    ] {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).expect(pointer) = bad.into();
        assert!(!report.is_valid(&changed), "{pointer}");
    }
    let mut more = good;
    more["new"] = true.into();
    assert!(report.is_valid(&more), "fields may be added");
}

/// The lines hold what the report holds, each finding once, each index within its line.
#[track_caller]
fn agree(whole: &Value, lines: &[Value]) {
    let nodes = whole["nodes"].as_array().unwrap();
    let several = usize::from(nodes.len() > 1);
    assert_eq!(lines.len(), nodes.len() + several);
    assert_eq!(lines.iter().filter(|line| line["path"].is_null()).count(), several);
    let mut findings: Vec<String> =
        lines.iter().flat_map(|line| line["findings"].as_array().unwrap()).map(Value::to_string).collect();
    let mut expected: Vec<String> = whole["findings"].as_array().unwrap().iter().map(Value::to_string).collect();
    findings.sort();
    expected.sort();
    assert_eq!(findings, expected);
    for severity in ["error", "warning", "info"] {
        let sum: u64 = lines.iter().map(|line| line["summary"][severity].as_u64().unwrap()).sum();
        assert_eq!(sum, whole["summary"][severity].as_u64().unwrap());
    }
    for line in lines {
        indices_point_home(line);
    }
}

#[track_caller]
fn indices_point_home(line: &Value) {
    let findings = line["findings"].as_array().unwrap();
    for link in line["links"].as_array().unwrap() {
        for index in link["findings"].as_array().unwrap() {
            let finding = &findings[usize::try_from(index.as_u64().unwrap()).unwrap()];
            assert!(
                finding["links"].as_array().unwrap().contains(&link["id"]),
                "{} and {}",
                link["id"],
                finding["code"]
            );
        }
    }
}
