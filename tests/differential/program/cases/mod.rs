//! What both servers are asked, by section of the semantics.

mod cgi;
mod connections;
mod dates;
mod differences;
mod files;
mod headers;
mod recorded;
mod request_lines;

pub(crate) use files::TYPED;

/// Bytes to send, how they end, and how the answers compare.
pub(crate) struct Case {
    pub(crate) section: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ending: Ending,
    pub(crate) agreement: Agreement,
    /// Whether it is asked only with CGI, only without, or both.
    pub(crate) only_cgi: Option<bool>,
    pub(crate) protocol: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    /// One more request, which a server answers that has kept the connection open.
    Probe,
    EndOfInput,
    /// The server has to close by itself.
    Nothing,
}

/// Outlines are what the program answers where it is not compared: first with HTTP/1.0, then with HTTP/1.1.
pub(crate) enum Agreement {
    Same,
    /// An error in the request line: a bare page up to 3.14, which stands for the whole response.
    Early,
    /// Only with Python 3.x or later.
    Since(u32, Option<[&'static str; 2]>),
    /// Differs on purpose, by this number of section 15.
    Never(&'static str, [&'static str; 2]),
}

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    let tables = [
        request_lines::cases(),
        headers::cases(),
        connections::cases(),
        files::cases(),
        dates::cases(),
        cgi::cases(),
        differences::cases(),
        recorded::cases(),
    ];
    tables.into_iter().flatten().collect()
}

impl Case {
    /// `text` is in ISO-8859-1, so that any byte can be written down.
    pub(crate) fn new(section: &'static str, text: impl AsRef<str>) -> Case {
        let bytes = text.as_ref().chars().map(|char| u8::try_from(u32::from(char)).expect("one byte")).collect();
        Case { section, bytes, ending: Ending::Probe, agreement: Agreement::Same, only_cgi: None, protocol: None }
    }

    /// A request without fields.
    pub(crate) fn get(section: &'static str, target: &str) -> Case {
        Case::new(section, format!("GET {target} HTTP/1.1\r\n\r\n"))
    }

    pub(crate) fn ends(mut self) -> Case {
        self.ending = Ending::EndOfInput;
        self
    }

    fn closed_by_server(mut self) -> Case {
        self.ending = Ending::Nothing;
        self
    }

    fn early(mut self) -> Case {
        self.agreement = Agreement::Early;
        self
    }

    fn since(mut self, minor: u32, outlines: [&'static str; 2]) -> Case {
        self.agreement = Agreement::Since(minor, Some(outlines));
        self
    }

    fn never(mut self, number: &'static str, outlines: [&'static str; 2]) -> Case {
        self.agreement = Agreement::Never(number, outlines);
        self
    }

    fn with_cgi(mut self) -> Case {
        self.only_cgi = Some(true);
        self
    }

    fn without_cgi(mut self) -> Case {
        self.only_cgi = Some(false);
        self
    }

    pub(crate) fn shown(&self) -> String {
        let text = self.bytes.escape_ascii().to_string();
        let text = if text.len() < 400 { text } else { format!("{}… ({} bytes)", &text[..400], self.bytes.len()) };
        let number = if let Agreement::Never(number, _) = self.agreement { number } else { "" };
        format!("{text} {:?} {number}", self.ending)
    }
}
