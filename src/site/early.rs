//! What is decided when the head of a request is there, and its body is not.

use std::sync::{Arc, Weak};

use crate::engine::{Answer, Extent, Incoming, Later, Reply};
use crate::journal::Record;
use crate::matchers::subject::{Memo, Subject};
use crate::message::delivery::{Ended, Receipt};
use crate::message::request::Content;
use crate::rules::{Answering, ByHead};
use crate::stream::arriving;
use crate::wire::Dialect;

use super::Site;

impl Site {
    pub(super) fn answer_head(&self, mut incoming: Incoming) -> Answer {
        match self.rules.select_by_head(&Subject::new(&incoming.request, &Memo::default())) {
            // A handler gets the whole of a request.
            ByHead::NeedsBody { asked_down_to } => {
                if let Some(rank) = asked_down_to {
                    incoming.request.set_asked_down_to(rank);
                }
                Answer::ReadOn(incoming.request)
            }
            ByHead::Nothing if self.manners.dialect == Dialect::HttpServer => Answer::Reply(self.reply(incoming, None)),
            ByHead::Nothing => Answer::ReadOn(incoming.request),
            ByHead::Selected(selected) => {
                incoming.request = incoming.request.without_content();
                let is_counted = !matches!(incoming.extent, Extent::Head { announced: 0 });
                let begun = self.begin(incoming, None, Some(selected));
                match (begun.handler.clone(), self.me.upgrade()) {
                    (Some(Answering::Streaming(_)), Some(site)) => {
                        let (sink, body) = arriving(is_counted);
                        let receipt = self.late_receipt(&begun.record);
                        let announced = Announced::new(site);
                        let handler = Box::new(move || {
                            let site = announced.site.clone();
                            let _answering = site.under_way.begin();
                            drop(announced);
                            site.conclude(begun, Some(body))
                        });
                        Answer::Later(Later { handler, sink, receipt })
                    }
                    (Some(Answering::InBody { after, .. }), _) => {
                        let receipt = self.late_receipt(&begun.record);
                        Answer::Ambush { after, reply: Reply { receipt, ..self.conclude(begun, None) } }
                    }
                    // The server is gone, and with it whoever could be answered.
                    _ => Answer::Reply(self.conclude(begun, None)),
                }
            }
        }
    }

    /// Who is told of a body that comes after its request was written down.
    fn late_receipt(&self, record: &Arc<Record>) -> Arc<dyn Receipt> {
        Arc::new(LateReceipt { record: record.clone(), site: self.me.clone() })
    }
}

/// A record, and the journal that learns when it becomes whole.
#[derive(Debug)]
struct LateReceipt {
    record: Arc<Record>,
    site: Weak<Site>,
}

impl Receipt for LateReceipt {
    fn sent(&self, bytes: u64, ended: Option<Ended>) {
        self.record.sent(bytes, ended);
    }

    fn received(&self, content: Content) {
        match self.site.upgrade() {
            Some(site) => site.journal.complete(&self.record, content),
            None => self.record.received(content),
        }
    }
}

/// An answer that another thread will begin: a report waits for it already.
struct Announced {
    site: Arc<Site>,
}

impl Announced {
    fn new(site: Arc<Site>) -> Announced {
        site.under_way.announce();
        Announced { site }
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        self.site.under_way.withdraw();
    }
}
