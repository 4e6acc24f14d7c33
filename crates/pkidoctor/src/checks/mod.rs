//! The checks: one defect, one file. Adding one is a file and two lines here; a test names what you forgot.

mod advertise_unreachable;
mod allowed_name_mismatch;
mod apiserver_address_not_covered;
mod auto_tls_drops_auth;
mod auto_tls_ignored;
mod auto_tls_year;
mod ca_bundle_order;
mod ca_differs_between_nodes;
mod ca_file_is_leaf;
mod ca_file_with_key;
mod ca_in_memory_differs;
mod ca_key_mismatch;
mod ca_key_missing;
mod ca_pool_empty;
mod ca_pool_partial;
mod ca_regenerated;
mod ca_renamed;
mod ca_usage_limits;
mod certificate_policies_invalid;
mod certificate_revoked;
mod chain_refused;
mod cipher_suite_mismatch;
mod client_auth_off;
mod client_cert_auth_noop;
mod client_certificate_missing;
mod cn_only;
mod copied_from_other_node;
mod crl_missing;
mod crl_unusable;
mod distribution_layout;
mod duplicate_pod;
mod duplicate_serial;
mod empty_allowed_name;
mod encrypted_key;
mod endpoint_unreachable;
mod environment_shadowed;
mod etcd_loopback_only;
mod etcd_unhealthy;
mod expired;
mod expires_soon;
mod file_bind_mount;
mod file_empty;
mod file_is_directory;
mod file_missing;
mod file_not_regular;
mod file_too_large;
mod front_proxy_shared_ca;
mod http_listener;
mod initial_cluster_odd;
mod interrupted_repair;
mod issuer_missing;
mod issuer_not_ca;
mod key_exposed;
mod key_id_differs;
mod key_in_certificate_file;
mod key_inconsistent;
mod key_mismatch;
mod key_type_mismatch;
mod kubeadm_key_type;
mod kubeconfig_both;
mod kubeconfig_incomplete;
mod kubeconfig_insecure;
mod kubeconfig_malformed;
mod kubeconfig_no_credentials;
mod kubeconfig_path_missing;
mod kubelet_client_group;
mod kubelet_conf_embedded;
mod kubelet_current_broken;
mod kubelet_serving_missing;
mod kubelet_serving_san;
mod link_loop;
mod live_differs;
mod load;
mod malformed_certificate;
mod malformed_key;
mod manifest_broken;
mod manifest_path_missing;
mod manifest_unknown;
mod missing_client_auth;
mod missing_server_auth;
mod mixed_generations;
mod name_constraint_violated;
mod name_encoding_differs;
mod negative_serial;
mod node_identity_mismatch;
mod not_pem;
mod not_yet_valid;
mod outlives_issuer;
mod pair_swapped;
mod partial_flags;
mod path_length_exceeded;
mod path_not_mounted;
mod peer_address_not_in_san;
mod peer_san_check_skipped;
mod peer_san_dns_only;
mod peer_san_wildcard;
mod peer_scheme_mixed;
mod pem_skipped;
mod permission_denied;
mod plain_http_answers;
mod plaintext_etcd;
mod port_open;
mod probe_mismatch;
mod proxy_environment;
mod refused_after_upgrade;
mod refused_live;
mod renewed_on_one_node;
mod repeated_flag;
mod request_header_names;
mod rsa_too_large;
mod rsa_too_small;
mod sa_key_differs_between_nodes;
mod sa_key_mismatch;
mod san_ip_as_dns;
mod san_mapped_address;
mod san_missing;
mod scheme_mismatch;
mod seen;
mod served_not_on_disk;
mod sha1_signature;
mod shared_ca;
mod shared_file_missing;
mod signed_by_other_ca;
mod signer_mismatch;
mod split_listener;
mod srv_domain_missing;
mod system_roots;
mod tls_version_flags;
mod unknown_critical_extension;
mod unreadable;
mod unsupported_key;
mod url_invalid;
mod usage_odd;
pub(crate) mod way_out;
pub(crate) mod words;
mod wrong_certificate_first;
mod wrong_pem_label;
mod wrong_role_file;

use crate::check::Check;

/// Every check, sorted by code.
pub static CHECKS: &[&Check] = &[
    &advertise_unreachable::CHECK,
    &allowed_name_mismatch::CHECK,
    &apiserver_address_not_covered::CHECK,
    &auto_tls_drops_auth::CHECK,
    &auto_tls_ignored::CHECK,
    &auto_tls_year::CHECK,
    &ca_bundle_order::CHECK,
    &ca_differs_between_nodes::CHECK,
    &ca_file_is_leaf::CHECK,
    &ca_file_with_key::CHECK,
    &ca_in_memory_differs::CHECK,
    &ca_key_mismatch::CHECK,
    &ca_key_missing::CHECK,
    &ca_pool_empty::CHECK,
    &ca_pool_partial::CHECK,
    &ca_regenerated::CHECK,
    &ca_renamed::CHECK,
    &ca_usage_limits::CHECK,
    &certificate_policies_invalid::CHECK,
    &certificate_revoked::CHECK,
    &chain_refused::CHECK,
    &cipher_suite_mismatch::CHECK,
    &client_auth_off::CHECK,
    &client_cert_auth_noop::CHECK,
    &client_certificate_missing::CHECK,
    &cn_only::CHECK,
    &copied_from_other_node::CHECK,
    &crl_missing::CHECK,
    &crl_unusable::CHECK,
    &distribution_layout::CHECK,
    &duplicate_pod::CHECK,
    &duplicate_serial::CHECK,
    &empty_allowed_name::CHECK,
    &encrypted_key::CHECK,
    &endpoint_unreachable::CHECK,
    &environment_shadowed::CHECK,
    &etcd_loopback_only::CHECK,
    &etcd_unhealthy::CHECK,
    &expired::CHECK,
    &expires_soon::CHECK,
    &file_bind_mount::CHECK,
    &file_empty::CHECK,
    &file_is_directory::CHECK,
    &file_missing::CHECK,
    &file_not_regular::CHECK,
    &file_too_large::CHECK,
    &front_proxy_shared_ca::CHECK,
    &http_listener::CHECK,
    &initial_cluster_odd::CHECK,
    &interrupted_repair::CHECK,
    &issuer_missing::CHECK,
    &issuer_not_ca::CHECK,
    &key_exposed::CHECK,
    &key_id_differs::CHECK,
    &key_in_certificate_file::CHECK,
    &key_inconsistent::CHECK,
    &key_mismatch::CHECK,
    &key_type_mismatch::CHECK,
    &kubeadm_key_type::CHECK,
    &kubeconfig_both::CHECK,
    &kubeconfig_incomplete::CHECK,
    &kubeconfig_insecure::CHECK,
    &kubeconfig_malformed::CHECK,
    &kubeconfig_no_credentials::CHECK,
    &kubeconfig_path_missing::CHECK,
    &kubelet_client_group::CHECK,
    &kubelet_conf_embedded::CHECK,
    &kubelet_current_broken::CHECK,
    &kubelet_serving_missing::CHECK,
    &kubelet_serving_san::CHECK,
    &link_loop::CHECK,
    &live_differs::CHECK,
    &malformed_certificate::CHECK,
    &malformed_key::CHECK,
    &manifest_broken::CHECK,
    &manifest_path_missing::CHECK,
    &manifest_unknown::CHECK,
    &missing_client_auth::CHECK,
    &missing_server_auth::CHECK,
    &mixed_generations::CHECK,
    &name_constraint_violated::CHECK,
    &name_encoding_differs::CHECK,
    &negative_serial::CHECK,
    &node_identity_mismatch::CHECK,
    &not_pem::CHECK,
    &not_yet_valid::CHECK,
    &outlives_issuer::CHECK,
    &pair_swapped::CHECK,
    &partial_flags::CHECK,
    &path_length_exceeded::CHECK,
    &path_not_mounted::CHECK,
    &peer_address_not_in_san::CHECK,
    &peer_san_check_skipped::CHECK,
    &peer_san_dns_only::CHECK,
    &peer_san_wildcard::CHECK,
    &peer_scheme_mixed::CHECK,
    &pem_skipped::CHECK,
    &permission_denied::CHECK,
    &plain_http_answers::CHECK,
    &plaintext_etcd::CHECK,
    &port_open::CHECK,
    &probe_mismatch::CHECK,
    &proxy_environment::CHECK,
    &refused_after_upgrade::CHECK,
    &refused_live::CHECK,
    &renewed_on_one_node::CHECK,
    &repeated_flag::CHECK,
    &request_header_names::CHECK,
    &rsa_too_large::CHECK,
    &rsa_too_small::CHECK,
    &sa_key_differs_between_nodes::CHECK,
    &sa_key_mismatch::CHECK,
    &san_ip_as_dns::CHECK,
    &san_mapped_address::CHECK,
    &san_missing::CHECK,
    &scheme_mismatch::CHECK,
    &served_not_on_disk::CHECK,
    &sha1_signature::CHECK,
    &shared_ca::CHECK,
    &shared_file_missing::CHECK,
    &signed_by_other_ca::CHECK,
    &signer_mismatch::CHECK,
    &split_listener::CHECK,
    &srv_domain_missing::CHECK,
    &system_roots::CHECK,
    &tls_version_flags::CHECK,
    &unknown_critical_extension::CHECK,
    &unreadable::CHECK,
    &unsupported_key::CHECK,
    &url_invalid::CHECK,
    &usage_odd::CHECK,
    &wrong_certificate_first::CHECK,
    &wrong_pem_label::CHECK,
    &wrong_role_file::CHECK,
];

/// The check with this code.
pub fn by_code(code: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.code == code).copied()
}
