//! Certificates of a test's own: an authority, and what it and others have issued, as PEM files in a folder.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use std::fs;
use std::path::Path;

/// Whom the test's servers are: names of the loopback interface.
const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// Writes `NAME.pem` and `NAME.key` of each:
///
/// | name | |
/// |---|---|
/// | `ca` | the authority that has issued the next ones |
/// | `server` | of a server here |
/// | `expired`, `early` | of one whose time is over, or has not begun |
/// | `other` | of `other.example` |
/// | `far` | of `far`, a host of a scenario |
/// | `client` | for whom asks |
/// | `stranger` | of a server and a client here, from an authority that nobody knows |
/// | `own` | of a server here, issued by itself and marked as an authority, as `openssl req -x509` makes them |
pub fn write(folder: &Path) {
    let authority = issuer(folder, "ca");
    let stranger = issuer(folder, "strangers");
    issue(folder, "server", params(&HERE), &authority);
    let mut expired = params(&HERE);
    expired.not_after = date_time_ymd(2020, 1, 1);
    issue(folder, "expired", expired, &authority);
    let mut early = params(&HERE);
    early.not_before = date_time_ymd(2190, 1, 1);
    early.not_after = date_time_ymd(2191, 1, 1);
    issue(folder, "early", early, &authority);
    issue(folder, "other", params(&["other.example"]), &authority);
    issue(folder, "far", params(&["far"]), &authority);
    issue(folder, "client", params(&["robot-7"]), &authority);
    issue(folder, "stranger", params(&HERE), &stranger);
    let mut own = params(&HERE);
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    keep(folder, "own", &own.self_signed(&key).unwrap().pem(), &key);
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    let mut params = CertificateParams::new(names.clone()).unwrap();
    params.distinguished_name.push(DnType::CommonName, names[0].clone());
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn issuer(folder: &Path, name: &str) -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    keep(folder, name, &params.self_signed(&key).unwrap().pem(), &key);
    Issuer::new(params, key)
}

fn issue(folder: &Path, name: &str, params: CertificateParams, issuer: &Issuer<'_, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    keep(folder, name, &params.signed_by(&key, issuer).unwrap().pem(), &key);
}

fn keep(folder: &Path, name: &str, certificate: &str, key: &KeyPair) {
    fs::write(folder.join(format!("{name}.pem")), certificate).unwrap();
    fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}
