//! What stands between stacks and their relay: it lets everything through, or holds everything back.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::Failure;

/// The gate. Dropping it closes it.
pub(super) struct Gate {
    pub(super) address: SocketAddr,
    held: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Gate {
    /// One that leads to an address, open.
    ///
    /// # Errors
    /// When there is no free port.
    pub(super) async fn before(relay: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (held, state) = watch::channel(false);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(lead(stream, relay, state.clone()));
            }
        });
        Ok(Self { address, held, server })
    }

    /// From now on nothing passes, either way, and nobody is told.
    pub(super) fn hold(&self) {
        self.held.send_replace(true);
    }

    /// From now on all passes that was held, and what comes.
    pub(super) fn open(&self) {
        self.held.send_replace(false);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn lead(near: TcpStream, relay: SocketAddr, held: watch::Receiver<bool>) {
    let Ok(far) = TcpStream::connect(relay).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (split(near), split(far));
    tokio::join!(pass(near_in, far_out, held.clone()), pass(far_in, near_out, held));
}

async fn pass(
    mut from: ReadHalf<TcpStream>,
    mut to: WriteHalf<TcpStream>,
    mut held: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 || held.wait_for(|held| !held).await.is_err() {
            break;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
