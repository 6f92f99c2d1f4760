//! Connections that can be held, cut and forgotten.

use std::{
    future::pending,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tests::PATIENCE;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
    time::timeout,
};

/// How many connections, from the first one on, were cut or forgotten.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    cut: usize,
    forgotten: usize,
}

/// Which side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It has not been done.
    Request,
    /// It has been done.
    Answer,
}

/// A call that is to be held.
struct Hold {
    /// How many more come before it.
    before: usize,
    side: Side,
    held: oneshot::Sender<()>,
}

/// An address that leads to another one.
pub(crate) struct Wires {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    opened: AtomicUsize,
    hold: Mutex<Option<Hold>>,
    fate: watch::Sender<Fate>,
}

impl Wires {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (opened, hold) = (AtomicUsize::new(0), Mutex::new(None));
        let inner = Arc::new(Inner { opened, hold, fate: watch::Sender::default() });
        let wires = Arc::clone(&inner);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = wires.opened.fetch_add(1, Ordering::SeqCst);
                let wires = Arc::clone(&wires);
                tokio::spawn(async move { wires.live(number, stream, target).await });
            }
        });
        Self { address, inner }
    }

    /// How many connections were opened so far.
    pub(crate) fn connections(&self) -> usize {
        self.inner.opened.load(Ordering::SeqCst)
    }

    /// Lets the n-th call from now on wait for ever; tells when it does.
    pub(crate) fn holds(&self, call: usize, side: Side) -> impl Future<Output = ()> {
        let (held, told) = oneshot::channel();
        *self.inner.hold() = Some(Hold { before: call - 1, side, held });
        async move {
            timeout(PATIENCE, told).await.expect("the call should come").expect("it is held");
        }
    }

    /// Closes all connections.
    pub(crate) fn cut(&self) {
        let all = self.connections();
        self.inner.fate.send_modify(|fate| fate.cut = all);
    }

    /// Nothing comes through any of them any more, and nobody says so.
    pub(crate) fn forget(&self) {
        let all = self.connections();
        self.inner.fate.send_modify(|fate| fate.forgotten = all);
    }
}

impl Inner {
    fn hold(&self) -> std::sync::MutexGuard<'_, Option<Hold>> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what begins with these bytes is to be held.
    fn is_held(&self, bytes: &[u8]) -> Option<Hold> {
        let begins = bytes.starts_with(b"POST ");
        let mut hold = self.hold();
        let next = hold.as_mut().filter(|_| begins)?;
        if next.before == 0 {
            return hold.take();
        }
        next.before -= 1;
        None
    }

    /// One connection until it is cut, or for ever once it is forgotten.
    async fn live(&self, number: usize, mut from: TcpStream, target: SocketAddr) {
        let mut fate = self.fate.subscribe();
        tokio::select! {
            () = self.carry(&mut from, target) => return,
            _ = fate.wait_for(|fate| fate.cut.max(fate.forgotten) > number) => {}
        }
        let _ = fate.wait_for(|fate| fate.cut > number).await;
    }

    /// One connection: what comes from one side goes to the other.
    async fn carry(&self, from: &mut TcpStream, target: SocketAddr) {
        let Ok(mut there) = TcpStream::connect(target).await else { return };
        let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
        let mut holding = None;
        loop {
            tokio::select! {
                read = from.read(&mut asked) => {
                    let Ok(read @ 1..) = read else { return };
                    match self.is_held(&asked[..read]) {
                        Some(hold) if hold.side == Side::Request => {
                            let _ = hold.held.send(());
                            return pending().await;
                        }
                        Some(hold) => holding = Some(hold),
                        None => {}
                    }
                    if there.write_all(&asked[..read]).await.is_err() { return }
                }
                read = there.read(&mut answered) => {
                    let Ok(read @ 1..) = read else { return };
                    if let Some(hold) = holding.take() {
                        let _ = hold.held.send(());
                        return pending().await;
                    }
                    if from.write_all(&answered[..read]).await.is_err() { return }
                }
            }
        }
    }
}
