//! What may stand on the command line, and what comes of what may not.

use std::fs;

use rstest::rstest;

use crate::child::{Program, get, request};

const PYTHON: [&str; 11] = [
    "[PORT]",
    "-b, --bind <ADDRESS>",
    "-d, --directory <DIR>",
    "-p, --protocol <VERSION>",
    "--cgi",
    "--content-type <TYPE>",
    "--tls-cert <FILE>",
    "--tls-key <FILE>",
    "--tls-password-file <FILE>",
    "-H, --header <NAME> <VALUE>",
    "-h, --help",
];
const BEYOND: [&str; 7] =
    ["--strict", "--tls-self-signed", "--print-url", "--quiet", "--completions <SHELL>", "--man", "-V, --version"];

/// Without dashes.
fn long_options() -> Vec<&'static str> {
    let option = |text: &&'static str| text.split_once("--").map(|(_, name)| name.split(' ').next().unwrap());
    let options: Vec<_> = PYTHON.iter().chain(&BEYOND).filter_map(option).collect();
    assert_eq!(options.len(), PYTHON.len() + BEYOND.len() - 1, "all but the port");
    options
}

#[rstest]
#[case::unknown_option(&["--nonsense"], "--nonsense")]
#[case::unknown_short_option(&["-z"], "-z")]
#[case::in_capitals(&["--BIND", "::1"], "--BIND")]
#[case::two_could_be_meant(&["--tls", "x"], "--tls")]
#[case::help_or_header(&["--he"], "--he")]
#[case::no_number(&["eighty"], "eighty")]
#[case::empty_port(&[""], "''")]
#[case::hexadecimal(&["0x50"], "0x50")]
#[case::fraction(&["80.0"], "80.0")]
#[case::underscore_in_front(&["_80"], "_80")]
#[case::digits_of_elsewhere(&["٣"], "٣")]
#[case::port_too_large(&["65536"], "65536")]
#[case::port_far_too_large(&["99999999999999999999"], "99999999999999999999")]
#[case::negative_port(&["-1"], "-1")]
#[case::second_positional(&["8000", "8001"], "8001")]
#[case::second_positional_after_dashes(&["8000", "--", "8001"], "8001")]
#[case::option_after_dashes(&["0", "--", "--cgi"], "--cgi")]
#[case::bind_without_value(&["0", "--bind"], "--bind")]
#[case::bind_before_an_option(&["0", "--bind", "--cgi"], "--bind")]
#[case::bind_before_dashes(&["--bind", "--", "0"], "--bind")]
#[case::directory_without_value(&["0", "-d"], "--directory")]
#[case::protocol_without_value(&["0", "-p"], "--protocol")]
#[case::other_protocol(&["-p", "HTTP/2"], "HTTP/2")]
#[case::protocol_in_lower_case(&["-p", "http/1.1"], "http/1.1")]
#[case::empty_protocol(&["--protocol="], "--protocol")]
#[case::value_for_a_switch(&["--cgi=1"], "--cgi")]
#[case::header_with_one_value(&["0", "-H", "X-A"], "--header")]
#[case::header_with_one_value_before_an_option(&["-H", "X-A", "-d", "."], "--header")]
#[case::header_with_equals_sign(&["--header=X-A", "b", "0"], "--header")]
#[case::header_with_a_bad_name(&["-H", "X A", "b"], "\"X A\"")]
#[case::header_with_an_empty_name(&["-H", "", "b"], "--header")]
#[case::header_with_a_colon(&["-H", "X-A:", "b"], "\"X-A:\"")]
#[case::header_with_a_line_end_in_its_name(&["-H", "X\r\nY", "b"], r#""X\r\nY""#)]
#[case::header_with_a_line_end_in_its_value(&["-H", "X-A", "b\r\nX-B: c"], r#""b\r\nX-B: c""#)]
#[case::second_header_is_bad(&["-H", "X-A", "b", "-H", "X-B", "c\n"], r#""c\n""#)]
#[case::content_type_with_a_line_end(&["--content-type", "a/b\nX: y"], "--content-type")]
#[case::content_type_without_a_slash(&["--content-type", "plain"], "\"plain\"")]
#[case::empty_content_type(&["--content-type="], "--content-type")]
#[case::key_without_certificate(&["--tls-key", "key.pem"], "--tls-cert")]
#[case::password_without_certificate(&["--tls-password-file", "Cargo.toml"], "--tls-cert")]
#[case::key_with_an_empty_certificate(&["--tls-cert", "", "--tls-key", "key.pem"], "--tls-cert")]
#[case::certificate_for_one_that_is_made(&["--tls-self-signed", "--tls-cert", "c.pem"], "--tls-cert")]
#[case::key_for_one_that_is_made(&["--tls-self-signed", "--tls-key", "key.pem"], "--tls-cert")]
#[case::password_file_is_missing(&["--tls-cert", "c.pem", "--tls-password-file", "no/such/file"], "no/such/file")]
#[case::password_file_is_a_directory(&["--tls-cert", "c.pem", "--tls-password-file", "src"], "--tls-password-file")]
#[case::unknown_shell(&["--completions", "csh"], "csh")]
#[case::no_shell(&["--completions"], "--completions")]
fn bad_arguments_are_named(#[case] arguments: &[&str], #[case] named: &str) {
    let ended = Program::run(arguments);
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.stderr.contains(named) && ended.stderr.ends_with('\n'), "{ended:?}");
    assert_eq!(ended.stdout, "");
}

#[cfg(not(feature = "_tls"))]
#[rstest]
#[case::by_a_certificate(&["0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"])]
#[case::by_one_that_is_made(&["0", "--tls-self-signed"])]
fn who_asks_for_tls_is_told_that_there_is_none(#[case] arguments: &[&str]) {
    let ended = Program::run(arguments);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("plain HTTP only") && ended.stderr.contains("features `cli` and `tls`"), "{ended:?}");
    assert_eq!(ended.stdout, "");
}

/// As Python's `int` reads them, and `argparse` tells them from options.
#[rstest]
fn a_port_may_be_written_as_python_reads_numbers(
    #[values("0", "00", " 0", "0 ", "\t0\n", "+0", "-0", "0_0", "+00_00")] port: &str,
) {
    for arguments in [&["-b", "127.0.0.1", port][..], &[port, "-b127.0.0.1"], &["-b=127.0.0.1", "--", port]] {
        let program = Program::start(arguments);
        assert_ne!(program.port, 8000);
        assert!(get(program.addr(), "/Cargo.toml").starts_with("HTTP/1.0 200 OK\r\n"));
    }
}

#[rstest]
#[case(&["0", "--bind", "127.0.0.1", "--directory", "fixtures/site", "--protocol", "HTTP/1.1"])]
#[case(&["--protocol=HTTP/1.1", "--directory=fixtures/site", "--bind=127.0.0.1", "0"])]
#[case(&["-b127.0.0.1", "0", "-dfixtures/site", "-pHTTP/1.1"])]
#[case(&["-b=127.0.0.1", "-d=fixtures/site", "0", "-p=HTTP/1.1"])]
#[case(&["-p", "HTTP/1.1", "-d", "fixtures/site", "-b", "127.0.0.1", "--", "0"])]
#[case::shortened(&["--bi", "127.0.0.1", "--dir", "fixtures/site", "--proto", "HTTP/1.1", "0"])]
#[case::shortened_most(&["--b=127.0.0.1", "--d=fixtures/site", "--p=HTTP/1.1", "0"])]
#[case::last_one_counts(&["-p", "HTTP/1.0", "-d", "no", "-b", "203.0.113.1", "0", "-d", "fixtures/site", "-b127.0.0.1",
                          "--protocol", "HTTP/1.1"])]
fn options_may_be_written_in_many_ways(#[case] arguments: &[&str]) {
    let program = Program::start(arguments);
    assert!(program.first_line.starts_with("Serving HTTP on 127.0.0.1 "), "{}", program.first_line);
    let answer = request(program.addr(), "GET /hello.txt HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("Hello, fixture!\n"), "{answer}");
}

/// What they do is checked elsewhere.
#[rstest]
#[case::switches(&["--cgi", "--strict", "--quiet"])]
#[case::switches_twice(&["--cgi", "--cgi", "--strict", "--strict", "--quiet", "--quiet"])]
#[case::shortened(&["--cg", "--str", "--qui"])]
#[case::header(&["-H", "X-A", "b"])]
#[case::headers(&["--header", "X-A", "b", "-H", "x-a", "c", "--head", "X-A", ""])]
#[case::header_that_looks_like_a_number(&["-H", "X-A", "-5"])]
#[case::header_with_letters_of_elsewhere(&["-H", "X-A", "ü"])]
#[case::content_type(&["--content-type", "text/plain; charset=utf-8"])]
#[case::content_type_shortened(&["--co=text/plain"])]
#[case::empty_names_of_files_count_as_none(&["--tls-cert=", "--tls-key", "", "--tls-password-file", ""])]
fn these_options_are_taken(#[case] options: &[&str]) {
    let program = Program::start(["0", "-b", "127.0.0.1"].iter().chain(options));
    let answer = request(program.addr(), "GET /Cargo.toml HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    assert!(answer.contains(" 200 OK\r\n"), "{answer}");
}

#[test]
fn an_empty_directory_name_is_the_current_one() {
    for option in [&["-d", ""][..], &["--directory="]] {
        let program = Program::start(["0", "-b", "127.0.0.1"].iter().chain(option));
        assert!(get(program.addr(), "/Cargo.toml").contains("name = \"fixture-server\""));
        assert!(get(program.addr(), "/").contains("Cargo.toml"));
    }
}

#[cfg(unix)]
#[test]
fn a_directory_need_not_have_a_name_in_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let work = tempfile::tempdir().unwrap();
    let dir = work.path().join(OsStr::from_bytes(b"caf\xe9"));
    // Not every file system takes such a name.
    if fs::create_dir(&dir).is_err() {
        return;
    }
    fs::write(dir.join("a.txt"), "here it is").unwrap();
    let program = Program::start([OsStr::new("0"), OsStr::new("-d"), dir.as_os_str()]);
    assert!(get(program.addr(), "/a.txt").ends_with("\r\n\r\nhere it is"));
}

#[rstest]
#[case::short(&["-h"])]
#[case::long(&["--help"])]
#[case::shortened(&["--hel"])]
#[case::among_others(&["0", "-d", "fixtures/site", "-h", "--nonsense"])]
fn help_names_every_option_where_it_belongs(#[case] arguments: &[&str]) {
    let ended = Program::run(arguments);
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(ended.stderr, "");
    let (python, beyond) = ended.stdout.split_once("\nBeyond it:\n").unwrap();
    assert!(python.contains("\nAs python -m http.server:\n"), "{python}");
    for (group, options) in [(python, &PYTHON[..]), (beyond, &BEYOND)] {
        for option in options {
            let named = group.lines().filter(|line| line.trim_start().starts_with(&format!("{option}  "))).count();
            assert_eq!(named, 1, "{option} in\n{group}");
        }
    }
    let named = ended.stdout.lines().filter(|line| line.trim_start().starts_with(['-', '['])).count();
    assert_eq!(named, PYTHON.len() + BEYOND.len(), "no others are named in\n{}", ended.stdout);
    for default in ["8000", "HTTP/1.0", "application/octet-stream", "[default: .]"] {
        assert!(python.contains(default), "{default} is not in\n{python}");
    }
}

#[rstest]
fn shells_complete_every_option(#[values("bash", "zsh", "fish", "elvish", "powershell")] shell: &str) {
    let ended = Program::run(["--completions", shell]);
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("fixture-server"), "{}", ended.stdout);
    for option in long_options() {
        let wanted = if shell == "fish" { format!("-l {option} ") } else { format!("--{option}") };
        assert!(ended.stdout.replace('\n', " ").contains(&wanted), "{wanted} is not in\n{}", ended.stdout);
    }
}

#[test]
fn the_man_page_names_every_option() {
    let ended = Program::run(["--man"]);
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    let page = ended.stdout.replace('\\', "");
    assert!(page.contains(".TH fixture-server 1 "), "{page}");
    for option in long_options() {
        let described = page.lines().any(|line| {
            line.contains(&format!("fB--{option}fR")) && !line.contains("fB[") && line.matches("fB--").count() == 1
        });
        assert!(described, "--{option} is not described in\n{page}");
    }
}

#[rstest]
fn it_tells_its_version(#[values("-V", "--version")] option: &str) {
    let ended = Program::run([option]);
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(ended.stdout, concat!("fixture-server ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(ended.stderr, "");
}
