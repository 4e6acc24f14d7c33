//! The healthy cluster is silent.

use crate::support::Patient;

#[test]
fn every_real_tree_is_silent() {
    for cluster in ["stacked-single", "ecdsa", "ipv6", "external-etcd", "ha/cp1", "ha/cp2", "ha/cp3"] {
        let report = Patient::real(cluster).expect(&[]);
        assert_eq!(report.verdict, "healthy", "{cluster}");
    }
}

#[test]
fn three_members_are_one_silent_cluster() {
    let report = Patient::real_nodes(&["ha/cp1", "ha/cp2", "ha/cp3"]).expect(&[]);
    assert_eq!(report.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["cp1", "cp2", "cp3"]);
    let peers = report.nodes.iter().flat_map(|node| &node.links).filter(|link| link.id.starts_with("etcd-peer:"));
    assert_eq!(peers.filter(|link| link.verdict == "ok" && link.weight == "vital").count(), 6);
}
