//! Lines that are written together: for many of them the system does hardly more than for one.

use std::cell::RefCell;
use std::io::{self, Write as _};
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The most that a thread keeps back, in bytes.
const MOST: usize = 16 * 1_024;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept { lines: Vec::new(), is_flushed: false }) };
}

/// Lines of this thread that are not written yet.
struct Kept {
    lines: Vec<u8>,
    /// Whether this thread flushes them.
    is_flushed: bool,
}

impl Kept {
    fn write(&mut self) {
        if !self.lines.is_empty() {
            // There is nowhere else to say that it did not work.
            let _ = io::stderr().write_all(&self.lines);
            self.lines.clear();
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.write();
    }
}

/// Writes what this thread kept back. A thread keeps lines back from its first flush on, and flushes whenever it has nothing to do.
pub(crate) fn flush() {
    KEPT.with_borrow_mut(|kept| {
        kept.write();
        kept.is_flushed = true;
    });
}

/// Standard error, where lines that are no warnings may come a moment later.
pub(super) struct Together;

impl MakeWriter<'_> for Together {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { is_urgent: true }
    }

    fn make_writer_for(&self, metadata: &Metadata<'_>) -> Line {
        Line { is_urgent: *metadata.level() <= Level::WARN }
    }
}

/// Where one line goes.
pub(super) struct Line {
    is_urgent: bool,
}

impl io::Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let kept = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            kept.lines.extend_from_slice(line);
            if self.is_urgent || !kept.is_flushed || kept.lines.len() >= MOST {
                kept.write();
            }
        });
        // A thread that is ending keeps nothing any more.
        kept.or_else(|_| io::stderr().write_all(line)).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
