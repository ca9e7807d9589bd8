//! Sections 9.1, 9.2 and 9.4 of the semantics, against a real directory.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use rstest::rstest;
use tempfile::TempDir;

use super::super::{Beyond, Directory};
use super::*;
use crate::message::request::{Content, Head, Span};
use crate::message::target::{Target, position};

/// A request of any bytes: each character is the byte of that number.
fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> Request {
    let bytes = |text: &str| text.chars().map(|char| u8::try_from(char).unwrap()).collect::<Vec<u8>>();
    let target = bytes(target);
    let mut raw = Vec::new();
    let mut add = |bytes: &[u8], after: &[u8]| {
        let start = raw.len();
        raw.extend_from_slice(bytes);
        let range = position(start)..position(raw.len());
        raw.extend_from_slice(after);
        range
    };
    let method = add(method.as_bytes(), b" ");
    let at = add(&target, b" HTTP/1.0\r\n");
    let field =
        |(name, value): &(&str, &str)| Span { name: add(name.as_bytes(), b": "), value: add(&bytes(value), b"\r\n") };
    let fields = fields.iter().map(field).collect();
    let parts = Target::locate(&target, at.start as usize);
    Request::of_parts(Head { raw: raw.into(), method, target: at, parts, fields }, Content::default())
}

/// A served directory whose scripts everyone may run, for as root they run as somebody else.
pub(super) struct Site {
    temp: TempDir,
    served: Served,
    host: Host,
    pub(super) scripts: Scripts,
}

impl Site {
    pub(super) fn new() -> Site {
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), Permissions::from_mode(0o755)).unwrap();
        let host = Host { software: "Soft/1".to_owned(), name: "host.test".to_owned(), port: 81, protocol: "HTTP/1.1" };
        let served = Served::open(&Directory::new(&temp), Beyond::Nothing).unwrap();
        Site { temp, served, host, scripts: Scripts::default() }
    }

    pub(super) fn root(&self) -> &Path {
        self.temp.path()
    }

    pub(super) fn add(&self, name: &str, content: &str, mode: u32) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    pub(super) fn find(&self, cgi: &Cgi, request: &Request) -> Found {
        let client = Some("192.0.2.7:5000".parse().unwrap());
        let Site { served, host, scripts, .. } = self;
        cgi.find(request, &Around { served, host, client, scripts, by_rfc_9112: true }).unwrap()
    }

    pub(super) fn script(&self, cgi: &Cgi, target: &str) -> Script {
        match self.find(cgi, &request("GET", target, &[])) {
            Found::Script(script) => script,
            other => panic!("{target}: {other:?}"),
        }
    }
}

fn with_scripts() -> Site {
    let site = Site::new();
    let scripts =
        ["cgi-bin/x", "cgi-bin/a b", "cgi-bin/d e/x", "cgi-bin/sub/x", "cgi-bin/\u{e9}", "htbin/x", "sub/cgi-bin/x"];
    for name in scripts {
        site.add(name, "#!/bin/sh\n", 0o755);
    }
    site.add("cgi-bin/plain", "#!/bin/sh\n", 0o644);
    site.add("cgi-bin/plain.py", "print()", 0o644);
    site.add("a.txt", "a", 0o644);
    symlink("x", site.root().join("cgi-bin/link")).unwrap();
    symlink("nowhere", site.root().join("cgi-bin/dangling")).unwrap();
    site
}

/// In one line, with the variables that the target decides about.
fn line(found: &Found, root: &Path) -> String {
    match found {
        Found::NotCgi => "not CGI".to_owned(),
        Found::Error { status, message, .. } => format!("{status} {}", message.as_deref().unwrap_or_default()),
        Found::Script(script) => {
            let value = |name| script.environment().find(|(known, _)| *known == name).unwrap().1.to_str().unwrap();
            let file = script.file.strip_prefix(root).unwrap().display();
            format!("{file} name={} info={} query={}", value("SCRIPT_NAME"), value("PATH_INFO"), value("QUERY_STRING"))
        }
    }
}

#[rstest]
#[case::plain("/cgi-bin/x", "cgi-bin/x name=/cgi-bin/x info= query=")]
#[case::other_directory("/htbin/x", "htbin/x name=/htbin/x info= query=")]
#[case::normalised("//cgi-bin///x", "cgi-bin/x name=/cgi-bin/x info= query=")]
#[case::encoded("/cgi%2dbin%2Fx", "cgi-bin/x name=/cgi-bin/x info= query=")]
#[case::no_leading_slash("cgi-bin/x", "cgi-bin/x name=/cgi-bin/x info= query=")]
#[case::in_a_subdirectory("/cgi-bin/sub/x/y", "cgi-bin/sub/x name=/cgi-bin/sub/x info=/y query=")]
#[case::query("/cgi-bin/x?a=b&c", "cgi-bin/x name=/cgi-bin/x info= query=a=b&c")]
#[case::query_with_slashes("/cgi-bin/x?a/b/../c", "cgi-bin/x name=/cgi-bin/x info= query=a/b/../c")]
#[case::query_is_not_decoded("/cgi-bin/x?%41+b#c", "cgi-bin/x name=/cgi-bin/x info= query=%41+b#c")]
#[case::encoded_query("/cgi-bin/x%3Fa?b", "cgi-bin/x name=/cgi-bin/x info= query=a?b")]
#[case::extra_path("/cgi-bin/x/a/b/", "cgi-bin/x name=/cgi-bin/x info=/a/b/ query=")]
#[case::extra_path_is_decoded_twice("/cgi-bin/x/%2541%2525", "cgi-bin/x name=/cgi-bin/x info=/A% query=")]
#[case::extra_path_is_normalised("/cgi-bin/x/a/../b", "cgi-bin/x name=/cgi-bin/x info=/b query=")]
#[case::fragment("/cgi-bin/x#f?q", "cgi-bin/x name=/cgi-bin/x#f info= query=q")]
#[case::blank("/cgi-bin/a%20b", "cgi-bin/a b name=/cgi-bin/a b info= query=")]
#[case::name_is_decoded_twice("/cgi-bin/a%2520b", "cgi-bin/a b name=/cgi-bin/a%20b info= query=")]
#[case::directory_is_decoded_twice("/cgi-bin/d%2520e/x", "cgi-bin/d e/x name=/cgi-bin/d%20e/x info= query=")]
#[case::utf8("/cgi-bin/%c3%a9", "cgi-bin/\u{e9} name=/cgi-bin/\u{e9} info= query=")]
#[case::link("/cgi-bin/link", "cgi-bin/link name=/cgi-bin/link info= query=")]
#[case::directory_itself("/cgi-bin", "not CGI")]
#[case::left_again("/cgi-bin/../a.txt", "not CGI")]
#[case::not_at_the_root("/sub/cgi-bin/x", "not CGI")]
#[case::in_a_query("/?/cgi-bin/x", "not CGI")]
#[case::above_the_root("/../cgi-bin/x", "404 File not found")]
#[case::above_the_root_elsewhere("/a.txt/../..", "404 File not found")]
#[case::missing("/cgi-bin/no", "404 No such CGI script ('/cgi-bin/no')")]
#[case::missing_with_more("/cgi-bin/no/x?y", "404 No such CGI script ('/cgi-bin/no')")]
#[case::missing_and_quoted("/cgi-bin/it's", "404 No such CGI script (\"/cgi-bin/it's\")")]
#[case::missing_and_not_utf8("/cgi-bin/%e9", "404 No such CGI script ('/cgi-bin/\u{fffd}')")]
#[case::dangling("/cgi-bin/dangling", "404 No such CGI script ('/cgi-bin/dangling')")]
#[case::nul("/cgi-bin/x%00", "404 No such CGI script ('/cgi-bin/x\\x00')")]
#[case::other_directory_is_missing("/cgi-bin/no/", "404 No such CGI script ('/cgi-bin/no')")]
#[case::file_with_a_slash("/cgi-bin/x%252f", "404 No such CGI script ('/cgi-bin/x%2f')")]
#[case::directory("/cgi-bin/", "403 CGI script is not a plain file ('/cgi-bin/')")]
#[case::subdirectory("/cgi-bin/sub", "403 CGI script is not a plain file ('/cgi-bin/sub')")]
#[case::subdirectory_with_a_slash("/cgi-bin/sub/", "403 CGI script is not a plain file ('/cgi-bin/sub/')")]
#[case::query_of_a_directory("/cgi-bin/sub?a/b", "403 CGI script is not a plain file ('/cgi-bin/sub?a/b')")]
#[case::not_executable("/cgi-bin/plain", "403 CGI script is not executable ('/cgi-bin/plain')")]
#[case::python_is_not_special("/cgi-bin/plain.py", "403 CGI script is not executable ('/cgi-bin/plain.py')")]
fn a_target_leads_to_a_script(#[case] target: &str, #[case] expected: &str) {
    let site = with_scripts();
    let found = site.find(&Cgi::default(), &request("GET", target, &[]));
    assert_eq!(line(&found, site.root()), expected);
}

#[rstest]
#[case::head("HEAD", "/cgi-bin/no", "404 No such CGI script ('/cgi-bin/no')")]
#[case::post("POST", "/cgi-bin/no", "404 No such CGI script ('/cgi-bin/no')")]
#[case::post_elsewhere("POST", "/a.txt", "501 Can only POST to CGI scripts")]
#[case::post_above_the_root("POST", "/..", "404 File not found")]
#[case::head_elsewhere("HEAD", "/a.txt", "not CGI")]
#[case::other("PUT", "/cgi-bin/no", "not CGI")]
#[case::lower_case("get", "/cgi-bin/no", "not CGI")]
#[case::other_above_the_root("DELETE", "/..", "not CGI")]
fn methods_are_told_apart(#[case] method: &str, #[case] target: &str, #[case] expected: &str) {
    let site = with_scripts();
    let found = site.find(&Cgi::default(), &request(method, target, &[]));
    assert_eq!(line(&found, site.root()), expected);
}

#[rstest]
#[case::slash_at_the_end("/sub/cgi-bin/", "/sub/cgi-bin/x", "sub/cgi-bin/x name=/sub/cgi-bin/x info= query=")]
#[case::no_default("/sub", "/cgi-bin/x", "not CGI")]
#[case::everything("/", "/cgi-bin/x/y", "cgi-bin/x name=/cgi-bin/x info=/y query=")]
#[case::everything_at_the_root("/", "/no", "404 No such CGI script ('/no')")]
fn directories_can_be_chosen(#[case] dir: &str, #[case] target: &str, #[case] expected: &str) {
    let site = with_scripts();
    assert_eq!(line(&site.find(&dir.into(), &request("GET", target, &[])), site.root()), expected);
}

#[test]
fn a_target_of_nothing_but_dots_is_not_looked_up_for_ever() {
    let site = with_scripts();
    let target = format!("/cgi-bin/{}x", "%252e/".repeat(10_000));
    let Found::Error { status: 403, .. } = site.find(&Cgi::default(), &request("GET", &target, &[])) else {
        panic!("the last name before the limit is that of a directory");
    };
    let long = format!("/cgi-bin/{}/{}", "%252e%252f".repeat(4000), "%252e/".repeat(2048));
    let Found::Error { status: 403, .. } = site.find(&Cgi::default(), &request("GET", &long, &[])) else {
        panic!("it is all dots, and so the directory itself");
    };
}

#[test]
fn a_script_with_an_interpreter_need_not_be_executable() {
    let site = with_scripts();
    let cgi = Cgi::default().interpreter(".PY", "python3");
    let script = site.script(&cgi, "/cgi-bin/plain.py");
    assert_eq!(script.interpreter.as_deref(), Some("python3".as_ref()));
    let other = site.find(&cgi, &request("GET", "/cgi-bin/plain", &[]));
    assert_eq!(line(&other, site.root()), "403 CGI script is not executable ('/cgi-bin/plain')");
    assert!(site.script(&cgi, "/cgi-bin/plain%252epy").interpreter.is_some(), "it is the file that counts");
    let cgi = cgi.interpreter("", "sh");
    assert_eq!(site.script(&cgi, "/cgi-bin/plain").interpreter.as_deref(), Some("sh".as_ref()));
}

/// All variables but those of the host, `NAME=value` with `{root}` for the served directory.
fn variables(target: &str, fields: &[(&str, &str)]) -> Vec<String> {
    use std::os::unix::ffi::OsStrExt;

    let site = with_scripts();
    let Found::Script(script) = site.find(&Cgi::default(), &request("POST", target, fields)) else { panic!() };
    let variables = script.environment().map(|(name, value)| {
        let value = value.as_bytes().escape_ascii().to_string();
        format!("{}={}", name.to_str().unwrap(), value.replace(site.root().to_str().unwrap(), "{root}"))
    });
    variables.filter(|variable| !variable.starts_with("SERVER_") && !variable.starts_with("GATEWAY_")).collect()
}

#[test]
fn a_bare_request_has_all_variables() {
    let expected = [
        "REQUEST_METHOD=POST",
        "PATH_INFO=",
        "PATH_TRANSLATED={root}",
        "SCRIPT_NAME=/cgi-bin/x",
        "QUERY_STRING=",
        "REMOTE_ADDR=192.0.2.7",
        "REMOTE_HOST=",
        "CONTENT_TYPE=text/plain",
        "CONTENT_LENGTH=",
        "HTTP_ACCEPT=",
        "HTTP_COOKIE=",
        "HTTP_USER_AGENT=",
        "HTTP_REFERER=",
    ];
    assert_eq!(variables("/cgi-bin/x", &[("Host", "h"), ("Proxy", "p"), ("X-Y", "z")]), expected);
}

#[rstest]
#[case::extra_path("/cgi-bin/x/a%2541/", &[], &["PATH_INFO=/aA/", "PATH_TRANSLATED={root}/aA/"])]
#[case::translated_once_more("/cgi-bin/x/%252541", &[], &["PATH_INFO=/%41", "PATH_TRANSLATED={root}/A"])]
#[case::translated_without_a_query("/cgi-bin/x/a%253Fb", &[], &["PATH_INFO=/a?b", "PATH_TRANSLATED={root}/a"])]
#[case::never_above("/cgi-bin/x/%252e%252e/y", &[], &["PATH_INFO=/../y", "PATH_TRANSLATED={root}/y"])]
#[case::raw_is_latin_1("/cgi-bin/x/\u{e9}?\u{e9}", &[], &["PATH_INFO=/\\xc3\\xa9", "QUERY_STRING=\\xc3\\xa9"])]
#[case::invalid("/cgi-bin/x/%e9", &[], &["PATH_INFO=/\\xef\\xbf\\xbd"])]
#[case::nul("/cgi-bin/x/a%00", &[], &["PATH_INFO=", "PATH_TRANSLATED="])]
#[case::nul_in_a_query("/cgi-bin/x%3Fa%00", &[], &["QUERY_STRING="])]
#[case::nul_in_a_field("/cgi-bin/x", &[("Referer", "a\0b")], &["HTTP_REFERER="])]
#[case::text("/cgi-bin/x", &[("User-Agent", "caf\u{e9}")], &["HTTP_USER_AGENT=caf\\xc3\\xa9"])]
#[case::first("/cgi-bin/x", &[("REFERER", "a"), ("Referer", "b")], &["HTTP_REFERER=a"])]
#[case::accept("/cgi-bin/x", &[("Accept", "a/b"), ("accept", ""), ("Accept", "c/d;q=1")], &["HTTP_ACCEPT=a/b,,c/d;q=1"])]
#[case::cookies("/cgi-bin/x", &[("Cookie", "a=1"), ("Cookie", ""), ("cookie", "b=2")], &["HTTP_COOKIE=a=1, b=2"])]
#[case::content("/cgi-bin/x", &[("Content-Type", "A/b; c"), ("Content-Length", "x")], &["CONTENT_TYPE=A/b; c", "CONTENT_LENGTH=x"])]
#[case::not_decoded("/cgi-bin/x", &[("Content-Length", "3"), ("Transfer-Encoding", "Chunked")], &["CONTENT_LENGTH="])]
#[case::other_coding("/cgi-bin/x", &[("Content-Length", "3"), ("Transfer-Encoding", "gzip")], &["CONTENT_LENGTH=3"])]
#[case::empty_content_type("/cgi-bin/x", &[("Content-Type", "")], &["CONTENT_TYPE="])]
#[case::basic("/cgi-bin/x", &[("Authorization", "bASIC  YWRhOnNlY3JldA==")], &["REMOTE_USER=ada", "AUTH_TYPE=bASIC"])]
fn a_request_decides_about_variables(#[case] target: &str, #[case] fields: &[(&str, &str)], #[case] expected: &[&str]) {
    let variables = variables(target, fields);
    for expected in expected {
        assert!(variables.iter().any(|variable| variable == expected), "{expected} in {variables:#?}");
    }
}

#[rstest]
#[case::other_scheme("Bearer x", Some("AUTH_TYPE=Bearer"))]
#[case::broken("Basic x", Some("AUTH_TYPE=Basic"))]
#[case::one_word("Basic", None)]
#[case::three_words("Digest a b", None)]
fn not_everyone_is_a_user(#[case] authorization: &str, #[case] expected: Option<&str>) {
    let variables = variables("/cgi-bin/x", &[("Authorization", authorization)]);
    let of_user = |variable: &&String| variable.starts_with("AUTH_TYPE") || variable.starts_with("REMOTE_USER");
    assert_eq!(variables.iter().find(of_user).map(String::as_str), expected);
}

#[test]
fn a_script_is_told_about_its_server() {
    let site = with_scripts();
    let script = site.script(&Cgi::default().env("SERVER_NAME", "other").env("MORE", "1"), "/cgi-bin/x");
    let value = |name| script.environment().filter(|(known, _)| *known == name).last().unwrap().1.to_str().unwrap();
    let names = ["SERVER_SOFTWARE", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "GATEWAY_INTERFACE", "MORE"];
    assert_eq!(names.map(value), ["Soft/1", "other", "81", "HTTP/1.1", "CGI/1.1", "1"]);
}

#[rstest]
#[case::array(|| ["cgi-bin"].into(), "write \"/cgi-bin\", not \"cgi-bin\"")]
#[case::slice(|| (&["/a", ""][..]).into(), "write \"/\", not \"\"")]
#[case::text(|| "a".into(), "write \"/a\"")]
#[case::vector(|| vec!["a".to_owned()].into(), "write \"/a\"")]
#[case::new(|| Cgi::new(["a"]), "write \"/a\"")]
#[case::text_of_its_own(|| "a".to_owned().into(), "write \"/a\"")]
#[case::vector_of_texts(|| vec!["a"].into(), "write \"/a\"")]
#[case::array_of_texts_of_its_own(|| ["a".to_owned()].into(), "write \"/a\"")]
#[case::dot(|| "/a/./b".into(), "no request is for a script in \"/a/./b\"")]
#[case::parent(|| ["/a", "/../b"].into(), "no request is for a script in \"/../b\"")]
#[case::empty_segment(|| "/a//b".into(), "write the directory without `.`, `..`, empty segments")]
#[case::escape(|| "/cgi%2dbin".into(), "no request is for a script in \"/cgi%2dbin\"")]
#[case::query(|| "/cgi-bin?a".into(), "no request is for a script in")]
#[case::fragment(|| "/cgi-bin#a".into(), "no request is for a script in")]
#[case::nul(|| "/cgi-bin\0".into(), "no request is for a script in")]
#[case::two_extensions(|| Cgi::default().interpreter("tar.gz", "sh"), "write \".gz\"")]
#[case::no_extension(|| Cgi::default().interpreter("a/b", "sh"), "write one such as \".txt\"")]
#[case::no_program(|| Cgi::default().interpreter("py", ""), "\"\" is not a program")]
#[case::program_with_nul(|| Cgi::default().interpreter("py", "a\0"), "\"a\\0\" is not a program")]
#[case::no_time(|| Cgi::default().time_limit(Duration::ZERO), "pass a longer one, such as `secs(5)`")]
#[case::empty_variable(|| Cgi::default().env("", ""), "unlike \"\"")]
#[case::variable(|| Cgi::default().env("a=b", ""), "unlike \"a=b\"")]
#[case::value(|| Cgi::default().env("a", "\0"), "unlike \"\\0\"")]
fn misuse_panics_where_it_is_written(#[case] misuse: fn() -> Cgi, #[case] advice: &str) {
    use std::cell::RefCell;
    thread_local!(static FILE: RefCell<String> = const { RefCell::new(String::new()) });

    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        FILE.set(info.location().map(|location| location.file().to_owned()).unwrap_or_default());
        before(info);
    }));
    let panic = std::panic::catch_unwind(misuse).unwrap_err();
    let text = panic.downcast_ref::<String>().cloned().or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()));
    let text = text.unwrap();
    assert!(text.contains(advice), "{text}");
    assert_eq!(FILE.take(), file!());
}
