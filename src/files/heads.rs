//! The fields of files that were sent before, so that they are not put together again for each request.

use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::message::field_block::FieldBlock;

/// So many files are remembered at most.
const PLACES: usize = 16;

/// Fields by all that they are made from. What a file holds plays no part, and whoever asks has just looked at the file.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// Empty until there is one.
    places: Mutex<Vec<Option<Head>>>,
}

#[derive(Debug)]
struct Head {
    about: About,
    path: PathBuf,
    fields: FieldBlock,
}

/// What fields say of a file beside its type, which follows from its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct About {
    pub(super) length: u64,
    /// As `Last-Modified` says it.
    pub(super) modified: Option<i64>,
}

impl About {
    fn place(self) -> usize {
        let mixed = self.length ^ self.modified.unwrap_or_default().unsigned_abs();
        usize::try_from(mixed % PLACES as u64).unwrap_or_default()
    }
}

impl Heads {
    /// `None` if they are not known, or others are looking just now, which is no reason to wait.
    pub(super) fn find(&self, path: &Path, about: About) -> Option<FieldBlock> {
        let places = self.places.try_lock()?;
        let head = places.get(about.place())?.as_ref()?;
        (head.about == about && head.path.as_os_str() == path.as_os_str()).then(|| head.fields.clone())
    }

    pub(super) fn keep(&self, path: PathBuf, about: About, fields: FieldBlock) {
        if let Some(mut places) = self.places.try_lock() {
            places.resize_with(PLACES, || None);
            places[about.place()] = Some(Head { about, path, fields });
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_same("/srv/a.txt", 5, Some(7), true)]
    #[case::another_name("/srv/b.txt", 5, Some(7), false)]
    #[case::another_length("/srv/a.txt", 21, Some(7), false)]
    #[case::another_time("/srv/a.txt", 5, Some(23), false)]
    #[case::no_time("/srv/a.txt", 2, None, false)]
    fn fields_are_those_of_the_file(
        #[case] path: &str,
        #[case] length: u64,
        #[case] modified: Option<i64>,
        #[case] known: bool,
    ) {
        let heads = Heads::default();
        let mut fields = FieldBlock::default();
        fields.push(b"A", b"b");
        heads.keep("/srv/a.txt".into(), About { length: 5, modified: Some(7) }, fields);
        let found = heads.find(Path::new(path), About { length, modified });
        assert_eq!(found.is_some(), known);
        assert!(found.is_none_or(|fields| fields.as_bytes() == b"A: b\r\n"));
    }

    #[test]
    fn no_more_are_remembered_than_there_are_places() {
        let heads = Heads::default();
        let about = |length| About { length, modified: None };
        for length in 0..1_000 {
            heads.keep("/srv/a.txt".into(), about(length), FieldBlock::default());
        }
        let known = (0..1_000).filter(|&length| heads.find(Path::new("/srv/a.txt"), about(length)).is_some());
        assert_eq!(known.count(), PLACES);
    }
}
