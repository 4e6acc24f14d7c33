//! Real etcd, wounded: what the probe says of every link is what etcd did and logged.
//!
//! `PKIDOCTOR_WOUND=part of a name` runs a part of the wounds, `PKIDOCTOR_TIMED=1` one at a time, against the clock.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "tests")]

mod bounded;
mod check;
mod crew;
mod diagnosis;
mod etcdctl;
mod members;
mod patient;
mod ports;
mod probe;
mod release;
mod renewals;
mod rotation;
mod run;
mod server;
mod story;
mod tally;
mod tls;
mod verified;
mod words;
mod wounds;

use patient::Patient;
use release::Release;

#[test]
fn wounds_of_etcd_3_4_23() {
    every_wound(Release::Debian);
}

#[test]
fn wounds_of_etcd_3_5_1() {
    every_wound(Release::Distro);
}

#[test]
fn members_of_etcd_3_4_23() {
    every_quarrel(Release::Debian);
}

#[test]
fn members_of_etcd_3_5_1() {
    every_quarrel(Release::Distro);
}

#[test]
fn story_of_etcd_3_4_23() {
    story::address_and_foreign_key(Release::Debian);
}

#[test]
fn story_of_etcd_3_5_1() {
    story::address_and_foreign_key(Release::Distro);
}

#[test]
fn gateway_of_etcd_3_4_23() {
    every_cure(Release::Debian);
}

#[test]
fn gateway_of_etcd_3_5_1() {
    every_cure(Release::Distro);
}

#[test]
fn renewals_of_etcd_3_4_23() {
    every_renewal(Release::Debian);
}

#[test]
fn renewals_of_etcd_3_5_1() {
    every_renewal(Release::Distro);
}

#[test]
fn rotation_of_etcd_3_4_23() {
    rotation::alone(Release::Debian);
    rotation::of_three(Release::Debian);
}

#[test]
fn rotation_of_etcd_3_5_1() {
    rotation::alone(Release::Distro);
    rotation::of_three(Release::Distro);
}

#[test]
fn diagnoses_of_etcd_3_4_23() {
    diagnosis::own_probe(Release::Debian);
    diagnosis::random(Release::Debian);
}

#[test]
fn diagnoses_of_etcd_3_5_1() {
    diagnosis::own_probe(Release::Distro);
    diagnosis::random(Release::Distro);
}

#[test]
fn verified_by_etcd_3_4_23() {
    every_verification(Release::Debian);
}

#[test]
fn verified_by_etcd_3_5_1() {
    every_verification(Release::Distro);
}

fn every_verification(release: Release) {
    verified::running(release);
    verified::down(release);
    verified::another_ca(release);
    verified::goes_on_with_the_old_one(release);
}

fn every_renewal(release: Release) {
    renewals::every_target(release, Patient::healthy(release, 74));
    renewals::every_target(release, Patient::three(release, 75));
    renewals::hammered(release);
}

fn every_cure(release: Release) {
    story::gateway(release, &["fix", "--select", "missing-client-auth", "--yes"]);
    story::gateway(release, &["regen", "etcd-server"]);
}

fn every_quarrel(release: Release) {
    let quarrels = members::all();
    let cases: Vec<_> = quarrels.iter().filter(|quarrel| crew::wanted(quarrel.name)).collect();
    crew::run(release, &cases, |quarrel| quarrel.name, |seed, quarrel| members::check(quarrel, release, seed));
}

fn every_wound(release: Release) {
    let wounds = wounds::all();
    let applies = |wound: &&wounds::Wound| wound.only.is_none_or(|only| only == release) && crew::wanted(wound.name);
    let cases: Vec<_> = wounds.iter().filter(applies).collect();
    crew::run(release, &cases, |wound| wound.name, |seed, wound| check::wound(wound, release, seed));
}
