//! HTTPS: certificates and keys from files, as with http.server, or made for the run.
//! The password of the keys in `tls/` is `geheim`.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use fixture_server::TestServer;
use fixture_server::rustls::pki_types::pem::PemObject;
use fixture_server::rustls::pki_types::{CertificateDer, ServerName};
use fixture_server::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rstest::rstest;

use crate::child::{PATIENCE, Program, get};

const CHAIN: &str = "tests/program/tls/chain.pem";
const PASSWORD: &str = "tests/program/tls/password.txt";

fn key(name: &str) -> String {
    format!("tests/program/tls/{name}.pem")
}

/// What a client gets that trusts this CA and nobody else, in HTTP/1.0.
fn fetch(addr: SocketAddr, ca: impl AsRef<Path>, target: &str) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = TestServer::empty().client_config().crypto_provider().clone();
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut client = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream);
    write!(client, "GET {target} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    Ok(answer)
}

#[track_caller]
fn serve(options: &[&str]) -> Program {
    Program::start(["0", "-b", "127.0.0.1", "-d", "fixtures/site"].iter().chain(options))
}

#[track_caller]
fn assert_serves(program: &Program, ca: impl AsRef<Path>) {
    let port = program.port;
    assert_eq!(program.first_line, format!("Serving HTTPS on 127.0.0.1 port {port} (https://127.0.0.1:{port}/) ...\n"));
    let answer = fetch(program.addr(), ca, "/hello.txt").unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nHello, fixture!\n"), "{answer}");
    let line = program.log_line();
    assert!(line.ends_with(r#""GET /hello.txt HTTP/1.0" 200 -"#), "{line}");
}

#[rstest]
#[case::pkcs8("plain")]
#[case::traditional("ec")]
fn a_key_that_needs_no_password(#[case] name: &str) {
    assert_serves(&serve(&["--tls-cert", CHAIN, "--tls-key", &key(name)]), key("ca"));
}

#[test]
fn certificate_and_key_may_stand_in_one_file() {
    assert_serves(&serve(&["--tls-cert", &key("both")]), key("ca"));
}

/// As OpenSSL has written them over the years.
#[rstest]
fn a_key_with_a_password(
    #[values(
        "pkcs8-aes256",
        "pkcs8-aes128-sha1",
        "pkcs8-scrypt",
        "pkcs8-des3",
        "traditional-aes128",
        "traditional-aes192",
        "traditional-aes256",
        "traditional-des3",
        "traditional-des"
    )]
    name: &str,
) {
    let program = serve(&["--tls-cert", CHAIN, "--tls-key", &key(name), "--tls-password-file", PASSWORD]);
    assert_serves(&program, key("ca"));
}

#[test]
fn a_password_that_is_not_needed_does_no_harm() {
    let program = serve(&["--tls-cert", CHAIN, "--tls-key", &key("plain"), "--tls-password-file", PASSWORD]);
    assert_serves(&program, key("ca"));
}

/// As Python takes it: stripped, blanks of other languages included.
#[rstest]
#[case::line_end("geheim\r\n")]
#[case::blanks("\t geheim\u{a0}\u{1f}\n\n")]
fn the_password_is_what_python_makes_of_its_file(#[case] text: &str) {
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("password");
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    assert_serves(
        &serve(&["--tls-cert", CHAIN, "--tls-key", &key("pkcs8-aes256"), "--tls-password-file", file]),
        key("ca"),
    );
}

#[test]
fn what_stands_around_an_encrypted_key_is_of_no_concern() {
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("key.pem");
    let foreign = "-----BEGIN X-----\nno base64!\n-----END X-----\n";
    fs::write(&file, format!("a word\n{foreign}{}", fs::read_to_string(key("pkcs8-aes256")).unwrap())).unwrap();
    let file = file.to_str().unwrap();
    assert_serves(&serve(&["--tls-cert", CHAIN, "--tls-key", file, "--tls-password-file", PASSWORD]), key("ca"));
}

#[cfg(unix)]
#[test]
fn without_a_directory_for_temporary_files_the_ca_cannot_be_told() {
    let mut command = Program::command(["0", "-b", "127.0.0.1", "--tls-self-signed"]);
    let output = command.env("TMPDIR", "/no/such/directory").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("fixture-server: cannot write the certificate of the CA into /no/such/directory: "),
        "{said}"
    );
}

#[rstest]
#[case::no_certificate(&["--tls-cert", "no/such.pem"], "cannot read the file of the certificate, no/such.pem (--tls-cert): ")]
#[case::no_key(&["--tls-cert", CHAIN, "--tls-key", "no/such.pem"], "cannot read the file of the key, no/such.pem (--tls-key): ")]
#[case::a_directory(&["--tls-cert", "src"], "cannot read the file of the certificate, src (--tls-cert): ")]
#[case::certificate_without_key(&["--tls-cert", CHAIN], "there is no private key in tests/program/tls/chain.pem (--tls-cert): name its file with --tls-key FILE")]
#[case::no_pem(&["--tls-cert", "Cargo.toml"], "there is no certificate in Cargo.toml (--tls-cert)")]
#[case::key_without_pem(&["--tls-cert", CHAIN, "--tls-key", "Cargo.toml"], "there is no private key in Cargo.toml (--tls-key)")]
#[case::key_of_another(
    &["--tls-cert", CHAIN, "--tls-key", "tests/program/tls/other.pem"],
    "the key does not belong to the certificate: tests/program/tls/other.pem (--tls-key), tests/program/tls/chain.pem (--tls-cert)"
)]
#[case::password_missing(
    &["--tls-cert", CHAIN, "--tls-key", "tests/program/tls/pkcs8-aes256.pem"],
    "the key in tests/program/tls/pkcs8-aes256.pem is encrypted: name the file with its password, --tls-password-file FILE"
)]
#[case::password_missing_for_a_traditional_key(
    &["--tls-cert", CHAIN, "--tls-key", "tests/program/tls/traditional-aes256.pem"],
    "the key in tests/program/tls/traditional-aes256.pem is encrypted: name the file with its password, --tls-password-file FILE"
)]
#[case::wrong_password(
    &["--tls-cert", CHAIN, "--tls-key", "tests/program/tls/pkcs8-aes256.pem", "--tls-password-file", "LICENSE-MIT"],
    "the key in tests/program/tls/pkcs8-aes256.pem cannot be deciphered: the password does not fit"
)]
#[case::wrong_password_for_a_traditional_key(
    &["--tls-cert", CHAIN, "--tls-key", "tests/program/tls/traditional-aes256.pem", "--tls-password-file", "LICENSE-MIT"],
    "the key in tests/program/tls/traditional-aes256.pem cannot be deciphered: the password does not fit"
)]
fn what_is_wrong_with_a_file_is_told_with_its_name(#[case] options: &[&str], #[case] expected: &str) {
    let ended = Program::run(["0", "-b", "127.0.0.1"].iter().chain(options));
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.starts_with(&format!("fixture-server: {expected}")), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

/// Whatever is in the file, and whatever password it is tried with, ends in a message.
#[rstest]
#[case::pbes1(include_str!("tls/pbes1-md5-des.pem"), "encrypted in a way that is not known here")]
#[case::as_pkcs12_does(include_str!("tls/pkcs12-sha1-des3.pem"), "encrypted in a way that is not known here")]
#[case::cut_short("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGH\n-----END ENCRYPTED PRIVATE KEY-----\n", "broken")]
#[case::another_cipher(
    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: CAMELLIA-128-CBC,00\n\nMIGH\n-----END EC PRIVATE KEY-----\n",
    "CAMELLIA-128-CBC"
)]
#[case::no_salt(
    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC\n\nMIGH\n-----END EC PRIVATE KEY-----\n",
    "DEK-Info"
)]
#[case::short_salt(
    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIGH\n-----END EC PRIVATE KEY-----\n",
    "DEK-Info"
)]
#[case::salt_of_another_length(
    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011223344556677\n\nMIGH\n-----END EC PRIVATE KEY-----\n",
    "DEK-Info"
)]
#[case::salt_that_is_none(
    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,+1+1+1+1+1+1+1+1\n\nMIGH\n-----END EC PRIVATE KEY-----\n",
    "DEK-Info"
)]
fn a_key_that_is_broken(#[case] text: &str, #[case] expected: &str) {
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("key.pem");
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let ended =
        Program::run(["0", "-b", "127.0.0.1", "--tls-cert", CHAIN, "--tls-key", file, "--tls-password-file", PASSWORD]);
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.contains(file) && ended.stderr.contains(expected), "{}", ended.stderr);
}

#[test]
fn a_certificate_is_made_for_the_run_and_its_authority_told() {
    let mut program = serve(&["--tls-self-signed"]);
    let line = program.log_line();
    let ca = line.strip_prefix("the certificate of the CA is in ").expect(&line);
    let ca = ca.strip_suffix(", as for curl --cacert").expect(&line).to_owned();
    assert_serves(&program, &ca);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&ca).unwrap().permissions().mode() & 0o022, 0, "nobody else may write it");
    }
    program.child.kill().unwrap();
    fs::remove_file(&ca).unwrap();
}

#[test]
fn it_goes_with_the_other_options() {
    let program =
        Program::start(["0", "-b", "127.0.0.1", "--tls-self-signed", "--print-url", "--strict", "-d", "fixtures/site"]);
    assert_eq!(program.first_line, format!("https://127.0.0.1:{}/\n", program.port));
    let line = program.log_line();
    let ca = line.split(" is in ").nth(1).and_then(|rest| rest.split(", as for").next()).expect(&line);
    assert!(fetch(program.addr(), ca, "/hello.txt").unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    fs::remove_file(ca).unwrap();
}

#[test]
fn a_client_without_tls_is_dropped() {
    let program = serve(&["--tls-cert", &key("both")]);
    assert_eq!(get(program.addr(), "/"), "");
    assert_serves(&program, key("ca"));
}
