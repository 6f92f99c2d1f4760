//! The way of listeners' sockets to the relay, on which they are cut now and then.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::tally::{Tally, count};

/// Opens a way on which each socket lives for some while, `mean` in the middle; for ever if it is zero. Where it
/// begins.
///
/// # Errors
/// When there is no port.
pub(crate) async fn open(
    to: SocketAddr,
    mean: Duration,
    mut chance: fastrand::Rng,
    tally: &'static Tally,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            let lives = match mean.is_zero() {
                true => Duration::from_secs(1 << 30),
                // Some die at once, and a few live long.
                false => mean.mul_f64(-(1.0 - chance.f64()).ln()),
            };
            tokio::spawn(carry(from, to, lives, tally));
        }
    });
    Ok(address)
}

async fn carry(mut from: TcpStream, to: SocketAddr, lives: Duration, tally: &'static Tally) {
    let Ok(mut there) = TcpStream::connect(to).await else { return };
    let _ = (from.set_nodelay(true), there.set_nodelay(true));
    tokio::select! {
        _ = copy_bidirectional(&mut from, &mut there) => {}
        () = sleep(lives) => count(&tally.cuts),
    }
}
