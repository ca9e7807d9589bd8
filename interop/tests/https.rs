//! HTTPS: other people's clients, with verification switched on, and what each says when something is wrong.

use std::error::Error;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::Command;

use fixture_server::prelude::*;
use fixture_server_interop::{Check, Payload, SMALL};
use rstest::rstest;

const HELLO: &str = "Hello, fixture!\n";

fn site() -> TestServer {
    site_with(Tls::new())
}

fn site_with(tls: Tls) -> TestServer {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/site");
    let server = TestServer::builder().dir(directory).tls_with(tls).start();
    server.on("GET", "/who", |request| {
        request.tls().and_then(|tls| tls.client()).map_or("nobody".to_owned(), ToString::to_string)
    });
    server
}

/// What an error says, and what those say from which it comes.
fn said(error: &dyn Error) -> String {
    let (mut said, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

mod by_reqwest {
    use reqwest::blocking::{Body, Client, ClientBuilder};
    use reqwest::{Certificate, Identity};

    use super::*;

    #[derive(Debug, Clone, Copy)]
    pub(super) enum Backend {
        Rustls,
        #[cfg(feature = "native-tls")]
        Native,
    }

    impl Backend {
        fn client(self, server: &TestServer) -> ClientBuilder {
            let ca = Certificate::from_pem(server.ca_pem().as_bytes()).unwrap();
            let client = Client::builder().no_proxy().tls_certs_only([ca]);
            match self {
                Backend::Rustls => client.tls_backend_rustls(),
                #[cfg(feature = "native-tls")]
                Backend::Native => client.tls_backend_native(),
            }
        }
    }

    fn fetch(client: ClientBuilder, url: &str) -> Result<String, String> {
        let answer =
            client.build().and_then(|client| client.get(url).send()).and_then(reqwest::blocking::Response::text);
        answer.map_err(|error| said(&error))
    }

    #[rstest]
    #[case::rustls(Backend::Rustls)]
    #[cfg_attr(feature = "native-tls", case::native(Backend::Native))]
    fn it_trusts_the_ca_and_keeps_its_connection(#[case] backend: Backend) {
        let server = site();
        server.on("PUT", "/", |request| request.body().len().to_string());
        let client = backend.client(&server).build().unwrap();
        for _ in 0..3 {
            assert_eq!(client.get(server.url("/hello.txt")).send().unwrap().text().unwrap(), HELLO);
        }
        let body = Body::sized(Payload::new(SMALL).reader(), SMALL as u64);
        assert_eq!(client.put(server.url("/")).body(body).send().unwrap().text().unwrap(), SMALL.to_string());
        server.on("GET", "/payload", |_| Payload::new(SMALL).whole());
        let mut check = Check::default();
        client.get(server.url("/payload")).send().unwrap().copy_to(&mut check).unwrap();
        assert_eq!(check.length(), SMALL);
        server.assert_connections(1);
        assert_eq!(server.requests()[0].tls().unwrap().alpn(), Some("http/1.1"));
    }

    #[rstest]
    #[case::rustls(Backend::Rustls)]
    #[cfg_attr(feature = "native-tls", case::native(Backend::Native))]
    fn it_shows_a_certificate(#[case] backend: Backend) {
        let server = site_with(Tls::new().require_client_certificate());
        let ada = server.client_certificate("ada");
        let identity = match backend {
            Backend::Rustls => Identity::from_pem(ada.pem().as_bytes()),
            #[cfg(feature = "native-tls")]
            Backend::Native => Identity::from_pkcs8_pem(ada.certificate_pem().as_bytes(), ada.key_pem().as_bytes()),
        };
        let url = server.url("/who");
        assert_eq!(fetch(backend.client(&server).identity(identity.unwrap()), &url), Ok("ada".to_owned()));
        let refused = fetch(backend.client(&server), &url).unwrap_err();
        assert!(refused.contains("ertificate"), "{refused}");
    }

    #[rstest]
    #[case(TlsFault::Expired, "expired")]
    #[case(TlsFault::NotYetValid, "not valid yet")]
    #[case(TlsFault::WrongHost, "not valid for name")]
    #[case(TlsFault::SelfSigned, "UnknownIssuer")]
    #[case(TlsFault::UnknownCa, "UnknownIssuer")]
    #[case(TlsFault::MissingIntermediate, "UnknownIssuer")]
    #[case(TlsFault::WrongChainOrder, "CaUsedAsEndEntity")]
    #[case(TlsFault::HandshakeFailure, "HandshakeFailure")]
    #[case(TlsFault::NoTls, "InvalidContentType")]
    #[case(TlsFault::Close, "eof")]
    #[case(TlsFault::Reset, "reset")]
    #[case(TlsFault::Stall, "timed out")]
    fn with_rustls_it_says_what_is_wrong(#[case] fault: TlsFault, #[case] expected: &str) {
        check_said(Backend::Rustls, fault, expected);
    }

    #[cfg(feature = "native-tls")]
    #[rstest]
    #[case(TlsFault::Expired, "expired")]
    #[case(TlsFault::NotYetValid, "not yet valid")]
    #[case(TlsFault::WrongHost, "IP address mismatch")]
    #[case(TlsFault::SelfSigned, "self-signed certificate")]
    #[case(TlsFault::UnknownCa, "unable to get local issuer certificate")]
    #[case(TlsFault::MissingIntermediate, "unable to get local issuer certificate")]
    #[case(TlsFault::HandshakeFailure, "handshake failure")]
    #[case(TlsFault::NoTls, "wrong version number")]
    #[case(TlsFault::Close, "unexpected EOF")]
    #[case(TlsFault::Reset, "reset")]
    #[case(TlsFault::Stall, "timed out")]
    fn with_openssl_it_says_what_is_wrong(#[case] fault: TlsFault, #[case] expected: &str) {
        check_said(Backend::Native, fault, expected);
    }

    #[track_caller]
    fn check_said(backend: Backend, fault: TlsFault, expected: &str) {
        let server = site();
        let guard = server.tls_fault(fault);
        let timeout = if fault == TlsFault::Stall { ms(100) } else { secs(20) };
        let said = fetch(backend.client(&server).timeout(timeout), &server.url("/hello.txt")).unwrap_err();
        assert!(said.contains(expected), "{said}");
        drop(guard);
        assert_eq!(fetch(backend.client(&server), &server.url("/hello.txt")), Ok(HELLO.to_owned()));
    }

    #[test]
    fn it_minds_an_end_without_close_notify_where_the_end_is_that_of_the_body() {
        let server = site();
        server.on("GET", "/", |_| Response::raw("HTTP/1.1 200 OK\r\n\r\nto the end"));
        let fetch = || fetch(Backend::Rustls.client(&server), &server.url("/"));
        assert_eq!(fetch(), Ok("to the end".to_owned()));
        let _fault = server.tls_fault(TlsFault::NoCloseNotify);
        let said = fetch().unwrap_err();
        assert!(said.contains("close_notify"), "{said}");
    }

    #[test]
    fn a_host_name_of_the_outside_leads_here() {
        let server = site();
        let client = Backend::Rustls.client(&server).resolve("api.example.com", server.addr());
        let url = format!("https://api.example.com:{}/hello.txt", server.port());
        assert_eq!(fetch(client, &url), Ok(HELLO.to_owned()));
        assert_eq!(server.requests()[0].tls().unwrap().server_name(), Some("api.example.com"));
    }
}

mod by_ureq {
    use ureq::Agent;
    use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsConfigBuilder};

    use super::*;

    fn trusting(server: &TestServer) -> TlsConfigBuilder {
        let ca = Certificate::from_pem(server.ca_pem().as_bytes()).unwrap();
        TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[ca]))
    }

    fn fetch(tls: TlsConfigBuilder, url: &str) -> Result<String, String> {
        let config = Agent::config_builder().tls_config(tls.build()).timeout_global(Some(ms(500))).proxy(None);
        let answer = config.build().new_agent().get(url).call();
        answer.and_then(|mut answer| answer.body_mut().read_to_string()).map_err(|error| said(&error))
    }

    #[test]
    fn it_trusts_the_ca() {
        let server = site();
        assert_eq!(fetch(trusting(&server), &server.url("/hello.txt")), Ok(HELLO.to_owned()));
    }

    #[test]
    fn it_shows_a_certificate() {
        let server = site_with(Tls::new().require_client_certificate());
        let ada = server.client_certificate("ada");
        let chain = Certificate::from_pem(ada.certificate_pem().as_bytes()).unwrap();
        let key = PrivateKey::from_pem(ada.key_pem().as_bytes()).unwrap();
        let shown = trusting(&server).client_cert(Some(ClientCert::new_with_certs(&[chain], key)));
        assert_eq!(fetch(shown, &server.url("/who")), Ok("ada".to_owned()));
    }

    #[rstest]
    #[case(TlsFault::Expired, "expired")]
    #[case(TlsFault::NotYetValid, "not valid yet")]
    #[case(TlsFault::WrongHost, "not valid for name")]
    #[case(TlsFault::SelfSigned, "UnknownIssuer")]
    #[case(TlsFault::UnknownCa, "UnknownIssuer")]
    #[case(TlsFault::MissingIntermediate, "UnknownIssuer")]
    #[case(TlsFault::WrongChainOrder, "CaUsedAsEndEntity")]
    #[case(TlsFault::HandshakeFailure, "HandshakeFailure")]
    #[case(TlsFault::NoTls, "InvalidContentType")]
    #[case(TlsFault::Close, "end of file")]
    #[case(TlsFault::Reset, "reset")]
    #[case(TlsFault::Stall, "timeout")]
    fn it_says_what_is_wrong(#[case] fault: TlsFault, #[case] expected: &str) {
        let server = site();
        let _fault = server.tls_fault(fault);
        let said = fetch(trusting(&server), &server.url("/hello.txt")).unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
}

/// ureq has brought rustls with ring, reqwest with aws-lc-rs: rustls cannot choose, and panics where it is left to.
#[test]
fn two_providers_in_one_binary_are_no_matter() {
    let server = site();
    let _config = server.client_config();
    server.on("GET", "/", |_| "hello");
    assert!(std::panic::catch_unwind(rustls::ServerConfig::builder).is_err());
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[tokio::test]
async fn hyper_rustls_takes_the_configuration() -> Result<(), Box<dyn Error>> {
    use http_body_util::{BodyExt, Empty};
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;

    let server = site();
    let connector = hyper_rustls::HttpsConnectorBuilder::new();
    let connector = connector.with_tls_config(server.client_config()).https_only().enable_http1().build();
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<bytes::Bytes>>(connector);
    let answer = client.get(server.url("/hello.txt").parse()?).await?;
    assert_eq!(answer.into_body().collect().await?.to_bytes(), HELLO);
    Ok(())
}

/// Runs a program as a user would who has set up the environment; `None`, and a word about it, if it is not installed.
fn run<A: AsRef<OsStr>>(server: &TestServer, program: &str, arguments: &[A]) -> Option<Result<String, String>> {
    let mut command = Command::new(program);
    // Of the standard input there is nothing to read.
    command.args(arguments).envs(server.envs()).stdin(std::process::Stdio::null());
    match command.output() {
        Ok(output) => {
            let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            Some(if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{error}{out}")) })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Past the test harness, which keeps to itself what passing tests print.
            let _ = writeln!(io::stderr(), "\n*** NOT TESTED with {program}: it is not installed ***\n");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

mod by_curl {
    use super::*;

    fn curl(server: &TestServer, more: &[&str]) -> Option<Result<String, String>> {
        let url = server.url("/hello.txt");
        run(server, "curl", &[&["-q", "-sS", "--max-time", "20", &url], more].concat())
    }

    #[test]
    fn it_trusts_the_ca_by_its_environment_and_by_its_option() {
        let server = site();
        let Some(answer) = curl(&server, &[]) else { return };
        assert_eq!(answer, Ok(HELLO.to_owned()));
        let ca = server.ca_file().to_str().unwrap();
        assert_eq!(curl(&server, &["--cacert", ca]), Some(Ok(HELLO.to_owned())));
    }

    #[test]
    fn it_shows_a_certificate() -> io::Result<()> {
        let server = site_with(Tls::new().require_client_certificate());
        let temp = tempfile::tempdir()?;
        let file = temp.path().join("ada.pem");
        std::fs::write(&file, server.client_certificate("ada").pem())?;
        let Some(answer) = curl(&server, &["--cert", file.to_str().unwrap()]) else { return Ok(()) };
        assert_eq!(answer, Ok(HELLO.to_owned()));
        assert_eq!(server.requests()[0].tls().unwrap().client().unwrap().common_name(), Some("ada"));
        let refused = curl(&server, &[]).unwrap().unwrap_err();
        assert!(refused.contains("alert") || refused.contains("certificate required"), "{refused}");
        Ok(())
    }

    #[rstest]
    #[case(TlsFault::Expired, "expired")]
    #[case(TlsFault::NotYetValid, "not yet valid")]
    #[case(TlsFault::WrongHost, "no alternative certificate subject name matches")]
    #[case(TlsFault::SelfSigned, "self-signed certificate")]
    #[case(TlsFault::UnknownCa, "unable to get local issuer certificate")]
    #[case(TlsFault::MissingIntermediate, "unable to get local issuer certificate")]
    #[case(TlsFault::WrongChainOrder, "curl: (")]
    #[case(TlsFault::HandshakeFailure, "handshake failure")]
    #[case(TlsFault::NoTls, "wrong version number")]
    #[case(TlsFault::Close, "curl: (35)")]
    #[case(TlsFault::Reset, "reset by peer")]
    fn it_says_what_is_wrong(#[case] fault: TlsFault, #[case] expected: &str) {
        let server = site();
        let _fault = server.tls_fault(fault);
        let Some(answer) = curl(&server, &[]) else { return };
        let said = answer.unwrap_err();
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn it_gives_up_when_nothing_comes() {
        let server = site();
        let _fault = server.tls_fault(TlsFault::Stall);
        let Some(answer) = curl(&server, &["--max-time", "0.2"]) else { return };
        let said = answer.unwrap_err();
        assert!(said.contains("timed out") || said.contains("timeout"), "{said}");
    }

    #[test]
    fn it_looks_at_the_list_of_revocations() -> io::Result<()> {
        let server = site();
        let temp = tempfile::tempdir()?;
        let list = temp.path().join("list.pem");
        std::fs::write(&list, server.crl_pem())?;
        let look = ["--crlfile", list.to_str().unwrap()];
        let Some(answer) = curl(&server, &look) else { return Ok(()) };
        assert_eq!(answer, Ok(HELLO.to_owned()));
        let _fault = server.tls_fault(TlsFault::Revoked);
        let said = curl(&server, &look).unwrap().unwrap_err();
        assert!(said.contains("revoked"), "{said}");
        Ok(())
    }
}

#[test]
fn python_trusts_the_ca() {
    const PROGRAM: &str = "import ssl, sys, urllib.request as r
context = ssl.create_default_context(cadata=sys.argv[2])
print(r.urlopen(sys.argv[1], context=context).read().decode(), end='')
print(r.urlopen(sys.argv[1]).read().decode(), end='')"; // by the environment
    let server = site();
    let arguments = ["-c", PROGRAM, &server.url("/hello.txt"), &server.ca_pem()];
    let Some(answer) = run(&server, "python3", &arguments) else { return };
    assert_eq!(answer, Ok(HELLO.repeat(2)));
}

#[test]
fn node_trusts_the_ca_by_its_environment() {
    const PROGRAM: &str = "require('https').get(process.argv[1], answer => answer.pipe(process.stdout))
        .on('error', error => { console.error(error); process.exit(1) })";
    let server = site();
    let Some(answer) = run(&server, "node", &["-e", PROGRAM, &server.url("/hello.txt")]) else { return };
    assert_eq!(answer, Ok(HELLO.to_owned()));
}

#[rstest]
#[case::the_newest(&[], "TLSv1.3")]
#[case::the_older_one(&["-tls1_2"], "TLSv1.2")]
fn openssl_verifies(#[case] more: &[&str], #[case] version: &str) {
    let server = site();
    let addr = server.addr().to_string();
    let ca = server.ca_file().to_str().unwrap();
    let all = ["s_client", "-connect", &addr, "-CAfile", ca, "-verify_return_error", "-servername", "localhost"];
    let all = [&all[..], &["-verify_hostname", "localhost", "-alpn", "http/1.1"], more].concat();
    let Some(answer) = run(&server, "openssl", &all) else { return };
    let answer = answer.unwrap();
    assert!(answer.contains("Verification: OK") && answer.contains(version), "{answer}");
    assert!(answer.contains("ALPN protocol: http/1.1"), "{answer}");
}
