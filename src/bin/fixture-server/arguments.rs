//! The options, and what their values have to look like.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser, ValueEnum};
use clap_complete::Shell;
use fixture_server::Protocol;

use crate::output;
use crate::values;

/// Python's options stand under the one heading, ours under the other.
const PYTHON: &str = "As python -m http.server";
const BEYOND: &str = "Beyond it";

// Of an option that is given twice the last one counts, and an option may be shortened, as with Python's argparse. The
// hidden aliases are shortenings that Python takes, and that options of ours would make ambiguous.
/// Serves a directory over HTTP, as `python -m http.server` does, and logs each request on standard error.
#[derive(Debug, Parser)]
#[command(name = "fixture-server", version, args_override_self = true, infer_long_args = true)]
#[command(disable_help_flag = true, disable_version_flag = true, next_help_heading = PYTHON)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Arguments {
    /// Port to listen on; 0 lets the system choose one
    #[arg(default_value = "8000", value_parser = values::port, allow_negative_numbers = true)]
    #[arg(display_order = 0)]
    pub(crate) port: u16,

    /// Name or address to listen on; without it all interfaces (:: for IPv6 and IPv4)
    #[arg(short, long, value_name = "ADDRESS", allow_negative_numbers = true, display_order = 1)]
    pub(crate) bind: Option<String>,

    /// Directory to serve; as long as it does not exist everything is 404
    #[arg(short, long, value_name = "DIR", default_value = ".", value_parser = path(), allow_negative_numbers = true)]
    directory: PathBuf,

    /// Version to answer with; HTTP/1.1 keeps connections open [default: HTTP/1.0, with --strict HTTP/1.1]
    #[arg(short, long, value_name = "VERSION", aliases = ["p", "pr"])]
    protocol: Option<Version>,

    /// Run the scripts in /cgi-bin and /htbin
    #[arg(long)]
    pub(crate) cgi: bool,

    /// Content type of files whose name tells none
    #[arg(long, value_name = "TYPE", default_value = "application/octet-stream", aliases = ["co"])]
    #[arg(allow_negative_numbers = true)]
    pub(crate) content_type: String,

    /// PEM file with the certificate chain; turns on HTTPS, in builds that have it
    #[arg(long, value_name = "FILE", value_parser = path(), allow_negative_numbers = true)]
    pub(crate) tls_cert: Option<PathBuf>,

    /// PEM file with the key [default: the certificate's file]
    #[arg(long, value_name = "FILE", value_parser = path(), allow_negative_numbers = true)]
    pub(crate) tls_key: Option<PathBuf>,

    /// File with the password of the key
    #[arg(long, value_name = "FILE", value_parser = path(), allow_negative_numbers = true)]
    pub(crate) tls_password_file: Option<PathBuf>,

    /// Header field to add to files and listings; may be given several times
    #[arg(short = 'H', long, num_args = 2, value_names = ["NAME", "VALUE"], action = ArgAction::Append)]
    #[arg(allow_negative_numbers = true)]
    header: Vec<String>,

    /// Print this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,

    /// Answer by the rules of RFC 9112 where http.server does otherwise, and with HTTP/1.1 unless --protocol is given
    #[arg(long, help_heading = BEYOND)]
    pub(crate) strict: bool,

    /// Serve HTTPS, in builds that have it, by a CA that is made for this run; where its certificate lies is told on standard error
    #[arg(long, help_heading = BEYOND)]
    pub(crate) tls_self_signed: bool,

    /// Print nothing but the URL on standard output, for scripts: `http://127.0.0.1:PORT/`, or with `https:`
    #[arg(long, help_heading = BEYOND)]
    pub(crate) print_url: bool,

    /// Do not log requests
    #[arg(long, help_heading = BEYOND)]
    pub(crate) quiet: bool,

    /// Print what makes this shell complete the options, and end
    #[arg(long, value_name = "SHELL", help_heading = BEYOND)]
    pub(crate) completions: Option<Shell>,

    /// Print the man page, in roff, and end
    #[arg(long, help_heading = BEYOND)]
    pub(crate) man: bool,

    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = BEYOND)]
    version: Option<bool>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Version {
    #[value(name = "HTTP/1.0")]
    Http10,
    #[value(name = "HTTP/1.1")]
    Http11,
}

impl Arguments {
    /// Those of the command line; ends the program if they are wrong or ask for help.
    pub(crate) fn from_command_line() -> Arguments {
        let arguments = Arguments::try_parse().unwrap_or_else(|stopped| {
            if stopped.use_stderr() {
                stopped.exit();
            }
            // Help, or the version.
            output::end_with(stopped.print())
        });
        arguments.check_fields();
        arguments.check_tls();
        arguments
    }

    pub(crate) fn directory(&self) -> &Path {
        // As a shell reads `cd ''`; to http.server `-d ''` is the root of the file system for `/` alone.
        if self.directory.as_os_str().is_empty() { Path::new(".") } else { &self.directory }
    }

    pub(crate) fn protocol(&self) -> Protocol {
        match self.protocol.unwrap_or(if self.strict { Version::Http11 } else { Version::Http10 }) {
            Version::Http10 => Protocol::Http10,
            Version::Http11 => Protocol::Http11,
        }
    }

    /// What `--header` was given, in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.header.chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_str()))
    }

    pub(crate) fn wants_tls(&self) -> bool {
        self.tls_self_signed || given(self.tls_cert.as_ref()).is_some()
    }

    fn check_fields(&self) {
        for (name, value) in self.fields() {
            if let Err(reason) = values::field_name(name).and_then(|()| values::field_value(value)) {
                refuse(ErrorKind::ValueValidation, format!("bad values {name:?} {value:?} for --header: {reason}"));
            }
        }
        if let Err(reason) = values::content_type(&self.content_type) {
            let value = &self.content_type;
            refuse(ErrorKind::ValueValidation, format!("bad value {value:?} for --content-type: {reason}"));
        }
    }

    fn check_tls(&self) {
        let options = [("--tls-key", self.tls_key.as_ref()), ("--tls-password-file", self.tls_password_file.as_ref())];
        for (option, file) in options {
            if given(file).is_some() && given(self.tls_cert.as_ref()).is_none() {
                refuse(ErrorKind::MissingRequiredArgument, format!("{option} needs --tls-cert"));
            }
        }
        if self.tls_self_signed && given(self.tls_cert.as_ref()).is_some() {
            refuse(ErrorKind::ArgumentConflict, "--tls-self-signed makes a certificate, and --tls-cert names one");
        }
        if let Some(file) = given(self.tls_password_file.as_ref()) {
            if let Err(error) = fs::read_to_string(file) {
                let file = file.display();
                refuse(ErrorKind::Io, format!("cannot read the file of --tls-password-file, {file}: {error}"));
            }
        }
    }
}

/// An empty name of a file counts as none, as with http.server.
pub(crate) fn given(file: Option<&PathBuf>) -> Option<&Path> {
    file.filter(|file| !file.as_os_str().is_empty()).map(PathBuf::as_path)
}

/// clap's own parser for paths refuses empty ones.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(|text: OsString| PathBuf::from(text))
}

/// Ends the program in the way of the errors that clap finds itself.
fn refuse(kind: ErrorKind, message: impl Display) -> ! {
    Arguments::command().error(kind, message).exit()
}
