//! What the options of the directory and of its dialect do.

use rstest::rstest;

use crate::child::{Program, get, request};

const SITE: [&str; 5] = ["0", "-b", "127.0.0.1", "-d", "fixtures/site"];

/// The lines of its head after the status.
fn fields_of(answer: &str) -> Vec<&str> {
    answer.split("\r\n\r\n").next().unwrap().lines().skip(1).collect()
}

#[rstest]
#[case::default(&[], "application/octet-stream")]
#[case::given(&["--content-type", "text/plain; charset=utf-8"], "text/plain; charset=utf-8")]
#[case::last_one_counts(&["--content-type=a/b", "--content-type=c/d"], "c/d")]
fn a_file_whose_name_tells_no_type_has_the_given_one(#[case] options: &[&str], #[case] wanted: &str) {
    let program = Program::start(SITE.iter().chain(options));
    let wanted = format!("Content-type: {wanted}");
    assert!(fields_of(&get(program.addr(), "/LICENSE")).contains(&wanted.as_str()));
    assert!(fields_of(&get(program.addr(), "/hello.txt")).contains(&"Content-type: text/plain"));
}

#[test]
fn given_fields_end_the_heads_of_files_and_listings() {
    let fields = ["-H", "X-A", "1", "--header", "x-a", "2", "-H", "X-Empty", "", "-H", "content-TYPE", "no/such"];
    let program = Program::start(SITE.iter().chain(&fields));
    for target in ["/hello.txt", "/nested/"] {
        for method in ["GET", "HEAD"] {
            let answer = request(program.addr(), &format!("{method} {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
            let fields = fields_of(&answer);
            let added = &fields[fields.len() - 3..];
            assert_eq!(added.iter().map(|line| line.trim_end()).collect::<Vec<_>>(), ["X-A: 1", "x-a: 2", "X-Empty:"]);
            assert!(!answer.contains("no/such"), "{answer}");
        }
    }
    for (target, status) in [("/nested", "301"), ("/none", "404")] {
        let answer = get(program.addr(), target);
        assert!(answer.starts_with(&format!("HTTP/1.0 {status} ")), "{answer}");
        assert!(!answer.to_lowercase().contains("x-a"), "{answer}");
    }
}

/// Without a version it is HTTP/0.9 to http.server, and nothing at all to RFC 9112.
#[test]
fn strictness_refuses_what_http_server_answers() {
    let lax = Program::start(SITE);
    assert_eq!(request(lax.addr(), "GET /hello.txt\r\n"), "Hello, fixture!\n");
    let strict = Program::start(SITE.iter().chain(&["--strict"]));
    let answer = request(strict.addr(), "GET /hello.txt\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

/// A directory with the executable `/cgi-bin/script.sh`.
#[cfg(unix)]
pub(crate) fn site_with_script(commands: &str) -> tempfile::TempDir {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    let site = tempfile::tempdir().unwrap();
    let script = site.path().join("cgi-bin/script.sh");
    fs::create_dir(site.path().join("cgi-bin")).unwrap();
    fs::write(&script, format!("#!/bin/sh\n{commands}\n")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    site
}

#[cfg(unix)]
#[test]
fn scripts_run_only_if_asked_for() {
    let site = site_with_script(r#"printf 'Content-Type: text/plain\n\nrun with %s\n' "$QUERY_STRING""#);
    let fixed = ["0", "-b", "127.0.0.1", "-d", site.path().to_str().unwrap()];
    let program = Program::start(fixed.iter().chain(&["--cgi"]));
    let answer = get(program.addr(), "/cgi-bin/script.sh?a=b");
    assert!(answer.starts_with("HTTP/1.0 200 ") && answer.ends_with("run with a=b\n"), "{answer}");
    let program = Program::start(fixed);
    assert!(get(program.addr(), "/cgi-bin/script.sh").contains("\r\n\r\n#!/bin/sh\n"));
}
