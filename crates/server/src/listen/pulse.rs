//! How long a connection may keep its place. What happens on it is counted, and the counts are looked at now and then: timers that
//! each request set anew would wake its worker each time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How often a connection is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Looks, 30 s, up to one more: the longest that a client may take to send a request's headers, or to send another request.
const IDLE: u32 = 6;
/// Looks, 40 s, up to one more: the longest that nothing may come in or go out, or nothing of what should go out. Longer than any
/// request is worked on.
const SILENT: u32 = 8;

/// What has happened on a connection so far. The counts may wrap.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    read: AtomicU32,
    written: AtomicU32,
    /// Something should go out that the other side does not take.
    is_stuck: AtomicBool,
    begun: AtomicU32,
    ended: AtomicU32,
}

impl Pulse {
    /// A request begins. It ends when what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        count(&self.begun);
        InFlight(Arc::clone(self))
    }

    /// Waits until the connection has kept its place for too long.
    pub(super) async fn fade(&self) {
        let mut looks = Looks::default();
        loop {
            tokio::time::sleep(LOOK).await;
            if looks.look(self) {
                return;
            }
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Pulse>);

impl Drop for InFlight {
    fn drop(&mut self) {
        count(&self.0.ended);
    }
}

fn count(what: &AtomicU32) {
    what.fetch_add(1, Ordering::Relaxed);
}

/// What was seen at the last look, and for how many looks it has been so.
#[derive(Debug, Default)]
struct Looks {
    begun: u32,
    written: u32,
    moved: u32,
    idle: u32,
    stuck: u32,
    silent: u32,
}

impl Looks {
    /// Whether it has been so for too long.
    fn look(&mut self, pulse: &Pulse) -> bool {
        let now = |count: &AtomicU32| count.load(Ordering::Relaxed);
        let (begun, written) = (now(&pulse.begun), now(&pulse.written));
        let moved = written.wrapping_add(now(&pulse.read));
        let still = |looks: u32, is_still: bool| if is_still { looks + 1 } else { 0 };
        let is_stuck = pulse.is_stuck.load(Ordering::Relaxed);
        self.idle = still(self.idle, begun == self.begun && begun == now(&pulse.ended) && !is_stuck);
        self.stuck = still(self.stuck, is_stuck && written == self.written);
        self.silent = still(self.silent, moved == self.moved);
        (self.begun, self.written, self.moved) = (begun, written, moved);
        self.idle >= IDLE || self.stuck >= SILENT || self.silent >= SILENT
    }
}

/// A stream, and the pulse that it has.
#[derive(Debug)]
pub(super) struct Pulsing<S> {
    stream: S,
    pulse: Arc<Pulse>,
}

impl<S: Unpin> Pulsing<S> {
    pub(super) fn new(stream: S, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse }
    }

    fn parts(self: Pin<&mut Self>) -> (Pin<&mut S>, &Pulse) {
        let this = self.get_mut();
        (Pin::new(&mut this.stream), &this.pulse)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Pulsing<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (stream, pulse) = self.parts();
        let read = stream.poll_read(cx, buf);
        if read.is_ready() {
            count(&pulse.read);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pulsing<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let (stream, pulse) = self.parts();
        let written = stream.poll_write(cx, buf);
        if written.is_ready() {
            count(&pulse.written);
        }
        pulse.is_stuck.store(written.is_pending(), Ordering::Relaxed);
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (stream, pulse) = self.parts();
        let flushed = stream.poll_flush(cx);
        pulse.is_stuck.store(flushed.is_pending(), Ordering::Relaxed);
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.parts().0.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    /// After how many looks it is too long, `before` each of which something happens.
    fn looks(pulse: &Pulse, mut before: impl FnMut()) -> Option<u32> {
        let mut looks = Looks::default();
        (1..100).find(|_| {
            before();
            looks.look(pulse)
        })
    }

    #[test]
    fn a_connection_without_requests_keeps_its_place_for_30_seconds() {
        let pulse = Pulse::default();
        assert_eq!(looks(&pulse, || {}), Some(IDLE));
        // Not even if headers dribble in.
        assert_eq!(looks(&pulse, || count(&pulse.read)), Some(IDLE));
    }

    #[test]
    fn requests_keep_it_for_as_long_as_they_come() {
        let pulse = Arc::new(Pulse::default());
        assert_eq!(looks(&pulse, || (count(&pulse.read), drop(pulse.begin())).1), None);
        let in_flight = pulse.begin();
        assert_eq!(looks(&pulse, || count(&pulse.read)), None);
        assert_eq!(looks(&pulse, || {}), Some(SILENT + 1));
        drop(in_flight);
        assert_eq!(looks(&pulse, || count(&pulse.read)), Some(IDLE + 1));
    }

    #[tokio::test]
    async fn who_does_not_take_answers_loses_it_whatever_they_send() {
        let pulse = Arc::new(Pulse::default());
        let (ours, mut theirs) = duplex(8);
        let mut ours = Pulsing::new(ours, Arc::clone(&pulse));
        let in_flight = pulse.begin();
        let mut write = std::pin::pin!(ours.write_all(b"more than it holds"));
        assert!(write.as_mut().now_or_never().is_none());
        assert_eq!(looks(&pulse, || count(&pulse.read)), Some(SILENT + 1));
        // It goes out after all.
        theirs.read_exact(&mut [0; 8]).await.unwrap();
        assert!(write.as_mut().now_or_never().is_none());
        theirs.read_exact(&mut [0; 8]).await.unwrap();
        write.await.unwrap();
        assert_eq!(looks(&pulse, || count(&pulse.read)), None);
        drop(in_flight);
    }

    #[tokio::test]
    async fn who_takes_an_answer_slowly_keeps_it_until_the_end() {
        let pulse = Arc::new(Pulse::default());
        let (ours, mut theirs) = duplex(8);
        let mut ours = Pulsing::new(ours, Arc::clone(&pulse));
        drop(pulse.begin());
        let mut write = std::pin::pin!(ours.write_all(&[0; 8 * 50]));
        let mut take = || {
            assert!(write.as_mut().now_or_never().is_none());
            assert_eq!(theirs.read_exact(&mut [0; 8]).now_or_never().map(|read| read.is_ok()), Some(true));
        };
        let mut seen = Looks::default();
        for _ in 0..49 {
            take();
            assert!(!seen.look(&pulse));
        }
        write.await.unwrap();
        assert_eq!(looks(&pulse, || {}), Some(IDLE + 1));
    }
}
