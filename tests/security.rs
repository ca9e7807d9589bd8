//! What SECURITY.md promises against clients and fixtures that mean harm, over real sockets.

mod raw;

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::Path;

use fixture_server::prelude::*;
use rstest::rstest;
use tempfile::TempDir;

use raw::{LIMIT, Raw, Test, eventually, get_bytes};

/// A folder `site` with these files, and beside it what nobody may see.
fn site(files: &[&str]) -> TempDir {
    let temp = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir_all(temp.path().join("site/sub")).expect("a folder");
    fs::create_dir_all(temp.path().join("site-2")).expect("a folder");
    for (name, text) in [("secret.txt", "SECRET"), ("site-2/secret.txt", "SECRET"), ("site/sub/a.txt", "a")] {
        fs::write(temp.path().join(name), text).expect("a file");
    }
    for name in files {
        fs::write(temp.path().join("site").join(name), "x").expect("a file");
    }
    temp
}

/// The server reads requests by RFC 9112, or as Python's http.server does.
#[derive(Debug, Clone, Copy)]
enum As {
    Rfc9112,
    HttpServer,
}

const BOTH: [As; 2] = [As::Rfc9112, As::HttpServer];

impl As {
    fn serving(self, dir: &Path) -> TestServer {
        let builder = TestServer::builder().dir(dir);
        match self {
            As::Rfc9112 => builder.start(),
            As::HttpServer => builder.http_server().start(),
        }
    }
}

/// What comes back for these bytes, and nothing after them.
fn all_that_comes(server: &TestServer, bytes: impl AsRef<[u8]>) -> std::io::Result<String> {
    let mut raw = Raw::connect(server)?;
    raw.send(bytes)?;
    raw.stream.shutdown(Shutdown::Write)?;
    Ok(String::from_utf8_lossy(&raw.rest()?).into_owned())
}

#[test]
fn unless_told_otherwise_only_the_loopback_address_is_listened_on() {
    let server = TestServer::empty();
    assert_eq!(server.addr().ip(), Ipv4Addr::LOCALHOST);
    // All of 127/8 is this machine on Linux, but only one of its addresses was asked for.
    if cfg!(target_os = "linux") {
        let another = SocketAddr::from(([127, 0, 0, 2], server.port()));
        assert!(TcpStream::connect_timeout(&another, LIMIT).is_err());
    }
}

#[rstest]
#[case::parents("/../secret.txt")]
#[case::many_parents("/../../../../../../../../../../etc/passwd")]
#[case::parents_further_down("/sub/../../secret.txt")]
#[case::escaped("/%2e%2e/secret.txt")]
#[case::escaped_twice("/%252e%252e/secret.txt")]
#[case::escaped_slash("/..%2fsecret.txt")]
#[case::all_escaped("/%2e%2e%2fsecret.txt")]
#[case::overlong_utf_8("/%c0%ae%c0%ae/secret.txt")]
#[case::overlong_slash("/..%c0%afsecret.txt")]
#[case::backslashes("/..\\secret.txt")]
#[case::escaped_backslashes("/..%5csecret.txt")]
#[case::without_a_slash("../secret.txt")]
#[case::two_slashes("//../secret.txt")]
#[case::an_absolute_path("//etc/passwd")]
#[case::an_escaped_absolute_path("/%2fetc%2fpasswd")]
#[case::a_neighbour_of_the_same_beginning("/../site-2/secret.txt")]
#[case::nul("/../secret.txt%00.html")]
#[case::a_url("http://elsewhere/../secret.txt")]
#[case::a_file_url("file:///etc/passwd")]
#[case::in_the_query("/sub/?/../../secret.txt")]
#[case::parents_after_a_file("/sub/a.txt/../../../secret.txt")]
#[case::a_parameter_of_a_segment("/..;/secret.txt")]
fn no_target_leaves_the_directory(#[case] target: &str) -> Test {
    let temp = site(&[]);
    for dialect in BOTH {
        let server = dialect.serving(&temp.path().join("site"));
        for request in [get_bytes(target), format!("GET {target}\r\n"), format!("GET {target} HTTP/1.0\r\n\r\n")] {
            let answer = all_that_comes(&server, &request)?;
            assert!(!answer.contains("SECRET") && !answer.contains("root:"), "{dialect:?}, {request:?}: {answer}");
        }
    }
    Ok(())
}

#[rstest]
#[case::two_slashes("//evil.example/..")]
#[case::three_slashes("///evil.example/..")]
#[case::a_backslash("/\\evil.example/..")]
#[case::two_backslashes("\\\\evil.example/..")]
#[case::an_escaped_slash("/%2fevil.example/%2e%2e")]
#[case::an_escaped_backslash("/%5cevil.example/..")]
#[case::a_tab("/\tevil.example/..")]
#[case::the_folder_itself("//evil.example/../sub")]
#[case::a_user("//user@evil.example/../sub")]
fn no_redirect_leads_to_another_host(#[case] target: &str) -> Test {
    let temp = site(&[]);
    for dialect in BOTH {
        let server = dialect.serving(&temp.path().join("site"));
        let answer = all_that_comes(&server, get_bytes(target))?;
        let Some((_, rest)) = answer.split_once("\r\nLocation: ") else { continue };
        let location = rest.split("\r\n").next().unwrap_or_default();
        // As browsers read it: backslashes are slashes, and tabs are not there.
        let read = location.replace('\t', "").replace('\\', "/");
        let has_scheme = read.split('/').next().is_some_and(|first| first.contains(':'));
        assert!(!read.starts_with("//") && !has_scheme, "{dialect:?}: {location:?}");
    }
    Ok(())
}

const MARKUP: &str = "<script>alert(1)</script>";

#[test]
#[cfg(unix)]
fn names_of_files_become_no_markup_in_a_listing() -> Test {
    let harmful = [
        "<img src=x onerror=alert(1)>",
        "\"><b>",
        "'onmouseover='a",
        "a\r\nSet-Cookie: b=c",
        "javascript:alert(1)",
        "&lt;",
    ];
    let temp = site(&harmful);
    for dialect in BOTH {
        let server = dialect.serving(&temp.path().join("site"));
        let answer = raw::exchange(&server, get_bytes("/"))?;
        let page = answer.text();
        assert_eq!(page.matches("<li>").count(), harmful.len() + 1, "{page}");
        // Links have nothing but letters, digits, escapes and a few signs, among which is neither a quote nor a colon.
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let is_plain = |char: char| char.is_ascii_alphanumeric() || "%_.-~/".contains(char);
            assert!(link.chars().all(is_plain), "{link}");
        }
        assert!(!page.contains("<img") && !page.contains("<b>") && page.contains("&amp;lt;"), "{page}");
        assert!(answer.field("Set-Cookie").is_none());
    }
    Ok(())
}

#[test]
fn what_a_client_sends_becomes_no_markup_in_a_page() -> Test {
    let temp = site(&[]);
    for dialect in BOTH {
        let server = dialect.serving(&temp.path().join("site"));
        for request in [
            get_bytes(&format!("/{MARKUP}")),
            get_bytes(&format!("/sub/?{MARKUP}")),
            get_bytes("/sub/../%3Cscript%3Ealert(1)%3C/script%3E/../sub/"),
            format!("{MARKUP} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            format!("GET / HTTP/{MARKUP}\r\n\r\n"),
            format!("GET / {MARKUP} {MARKUP}\r\n\r\n"),
        ] {
            let answer = all_that_comes(&server, &request)?;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
            let is_html = head.to_lowercase().contains("content-type: text/html");
            assert!(!is_html || !body.contains("<script>"), "{dialect:?}, {request:?}: {answer}");
        }
    }
    Ok(())
}

#[rstest]
#[case::in_a_redirect("/sub?%0d%0aSet-Cookie:%20a=b")]
#[case::in_the_path_of_a_redirect("/x%0d%0aSet-Cookie:%20a=b/../sub")]
#[case::as_it_stands("/sub?\rSet-Cookie: a=b")]
#[case::in_what_is_not_found("/%0d%0aSet-Cookie:%20a=b")]
fn what_a_client_sends_becomes_no_field_of_the_answer(#[case] target: &str) -> Test {
    let temp = site(&[]);
    for dialect in BOTH {
        let server = dialect.serving(&temp.path().join("site"));
        for method in ["GET", "PUT", "G%0d%0aSet-Cookie:a"] {
            let request = get_bytes(target).replacen("GET", method, 1);
            let answer = all_that_comes(&server, &request)?;
            let head = answer.split("\r\n\r\n").next().unwrap_or_default();
            let ends_lines = head.split(['\r', '\n']).any(|line| line.starts_with("Set-Cookie"));
            assert!(!ends_lines, "{dialect:?}, {request:?}: {answer}");
        }
    }
    Ok(())
}

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

/// A request in the body of another, which some reader would take for one of its own. Those that are refused are in
/// tests/wire.rs.
#[rstest]
#[case::of_a_length(format!("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{HIDDEN}", HIDDEN.len()))]
#[case::of_equal_lengths(format!("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: {0}\r\nContent-Length: {0}\r\n\r\n{HIDDEN}", HIDDEN.len()))]
#[case::in_a_chunk(format!("PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len()))]
#[case::in_an_extension("PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"GET /hidden\"\r\nx\r\n0\r\n\r\n".to_owned())]
#[case::in_a_get(format!("GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{HIDDEN}", HIDDEN.len()))]
fn what_is_in_a_body_is_no_request(#[case] request: String) -> Test {
    for dialect in BOTH {
        let server = match dialect {
            As::Rfc9112 => TestServer::empty(),
            As::HttpServer => TestServer::builder().http_server().start(),
        };
        server.when(any().path("/a")).respond(204);
        let answers = all_that_comes(&server, &request)?;
        // http.server knows no chunks: there they are no body, and the connection ends.
        let targets: Vec<String> = server.requests().iter().map(|request| request.target().to_owned()).collect();
        assert_eq!(targets, ["/a"], "{dialect:?}: {answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{dialect:?}: {answers}");
    }
    Ok(())
}

/// What a script answers: its arguments, and what its environment has of interest. All of that is nobody's business.
#[cfg(unix)]
fn told(fields: &str, target: &str) -> Result<raw::Answer, Box<dyn std::error::Error>> {
    let temp = scripts()?;
    let server = TestServer::builder().dir(&temp).cgi(["/cgi-bin"]).start();
    let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n");
    Ok(raw::exchange(&server, request)?)
}

#[cfg(unix)]
fn scripts() -> std::io::Result<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir()?;
    fs::create_dir(temp.path().join("cgi-bin"))?;
    fs::write(
        temp.path().join("cgi-bin/script"),
        "#!/bin/sh\n# the source\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nfor a in \"$@\"; do printf '[%s]\\n' \"$a\"; done\n\
         env | grep -e ^GATEWAY_INTERFACE= -e evil\n",
    )?;
    for path in ["", "cgi-bin", "cgi-bin/script"] {
        fs::set_permissions(temp.path().join(path), fs::Permissions::from_mode(0o755))?;
    }
    fs::write(temp.path().join("cgi-bin/data"), "the source")?;
    Ok(temp)
}

/// `HTTP_PROXY` would send whatever the script asks for over a machine of the client's choice ("httpoxy").
#[rstest]
#[case::proxy("Proxy: http://evil.example\r\n")]
#[case::in_capitals("PROXY: http://evil.example\r\n")]
#[case::with_an_underscore("HTTP_PROXY: http://evil.example\r\n")]
#[case::another_program("LD-PRELOAD: evil.example\r\nPath: evil.example\r\nBASH-ENV: evil.example\r\n")]
#[case::any_other("X-Anything: evil.example\r\n")]
#[cfg(unix)]
fn fields_of_a_client_set_no_variable_of_a_script_but_the_few_of_http_server(#[case] fields: &str) -> Test {
    let answer = told(fields, "/cgi-bin/script")?;
    assert!(answer.text().contains("GATEWAY_INTERFACE=CGI/1.1\n"), "{}", answer.text());
    assert!(!answer.text().contains("evil"), "{}", answer.text());
    Ok(())
}

#[rstest]
#[case::a_command("$(echo${IFS}evil)", "[$(echo${IFS}evil)]\n")]
#[case::two_commands(";echo+evil;", "[;echo evil;]\n")]
#[case::an_option("-c", "[-c]\n")]
#[cfg(unix)]
fn no_shell_reads_what_a_client_sends(#[case] query: &str, #[case] argument: &str) -> Test {
    let answer = told("", &format!("/cgi-bin/script?{query}"))?;
    assert!(answer.text().starts_with(argument), "{}", answer.text());
    Ok(())
}

#[rstest]
#[case::usual("/cgi-bin/script")]
#[case::not_a_script("/cgi-bin/data")]
#[case::escaped("/%63gi-bin/script")]
#[case::an_escaped_slash("/cgi-bin%2fscript")]
#[case::two_slashes("//cgi-bin//script")]
#[case::a_dot("/./cgi-bin/./script")]
#[case::parents("/x/../cgi-bin/script")]
#[case::escaped_parents("/x/%2e%2e/cgi-bin/script")]
#[case::escaped_parents_and_slash("/x%2f..%2fcgi-bin/script")]
#[case::parents_behind_it("/cgi-bin/x/../script")]
#[case::a_url("http://a/cgi-bin/script")]
#[case::parents_in_the_query("/cgi-bin/script?/../../x")]
#[cfg(unix)]
fn the_source_of_a_script_is_not_sent(#[case] target: &str) -> Test {
    let temp = scripts()?;
    for builder in [TestServer::builder(), TestServer::builder().http_server()] {
        let server = builder.dir(&temp).cgi(["/cgi-bin"]).start();
        for method in ["GET", "HEAD", "POST"] {
            let answer = all_that_comes(&server, get_bytes(target).replacen("GET", method, 1))?;
            assert!(!answer.contains("the source"), "{method}: {answer}");
        }
    }
    Ok(())
}

#[test]
#[cfg(unix)]
fn outside_the_directories_of_scripts_nothing_is_run() -> Test {
    let temp = scripts()?;
    fs::rename(temp.path().join("cgi-bin"), temp.path().join("bin"))?;
    let server = TestServer::builder().dir(&temp).cgi(["/cgi-bin"]).start();
    for target in ["/bin/script", "/cgi-bin/../bin/script", "/cgi-bin/%2e%2e/bin/script", "/cgi-bin/..%2fbin/script"] {
        let answer = all_that_comes(&server, get_bytes(target))?;
        assert!(!answer.contains("GATEWAY_INTERFACE=CGI"), "{target}: {answer}");
    }
    Ok(())
}

#[test]
fn a_connection_without_a_request_costs_its_test_nothing() -> Test {
    let server = TestServer::builder().strict(true).start();
    drop(TcpStream::connect(server.addr())?);
    let mut half = TcpStream::connect(server.addr())?;
    half.write_all(b"\r\n\r\n")?;
    drop(half);
    eventually("both are gone", || {
        let connections = server.connections();
        connections.len() == 2 && connections.iter().all(|connection| connection.closed_by().is_some())
    });
    server.verify();
    Ok(())
}
