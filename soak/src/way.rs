//! A way between two that talk HTTP, on which things go wrong: connections are cut before a request arrives,
//! after it was done, and in the middle of the answer; requests are late, and arrive twice.

use std::{
    future::pending,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::{
    message::{message, says_once},
    tally::count,
};

/// How long one waits who is held back in an outage.
const HANG: Duration = Duration::from_secs(5);

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The connection is cut before the request arrives.
    CutBefore,
    /// It is done, and the connection cut before the answer comes back.
    CutAfter,
    /// The connection is cut in the middle of the answer.
    CutAmid,
    /// It is late.
    Late(Duration),
    /// It arrives twice, at the same time.
    Twice,
    /// It arrives again, long after it was answered.
    Again(Duration),
}

/// How the way is as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outage {
    /// Open.
    None,
    /// Every request is answered with 500.
    Refusing,
    /// Every request waits for long, and then its connection is cut.
    Hanging,
    /// Every request arrives, and no answer comes back.
    Mute,
}

/// A way. Whoever connects to its address reaches the other end, mostly.
#[derive(Debug)]
pub(crate) struct Way {
    address: SocketAddr,
    outage: AtomicU8,
    /// Faults in a thousand requests.
    faults: u32,
    chance: Mutex<fastrand::Rng>,
    to: SocketAddr,
    /// Where faults are counted.
    counter: &'static AtomicU64,
}

impl Way {
    /// Opens it.
    ///
    /// # Errors
    /// When there is no port.
    pub(crate) async fn open(
        to: SocketAddr,
        faults: u32,
        chance: fastrand::Rng,
        counter: &'static AtomicU64,
    ) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let outage = AtomicU8::new(Outage::None as u8);
        let chance = Mutex::new(chance);
        let way = Arc::new(Self { address, outage, faults, chance, to, counter });
        let open = Arc::clone(&way);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let way = Arc::clone(&open);
                tokio::spawn(async move { way.carry(stream).await });
            }
        });
        Ok(way)
    }

    /// Where it begins.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the way is like this.
    pub(crate) fn becomes(&self, outage: Outage) {
        self.outage.store(outage as u8, Ordering::Relaxed);
    }

    fn fault(&self, may_double: bool) -> Option<Fault> {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        if chance.u32(..1000) >= self.faults {
            return None;
        }
        Some(match chance.u8(..8) {
            0 => Fault::CutBefore,
            1 | 2 => Fault::CutAfter,
            3 => Fault::CutAmid,
            4 if may_double => Fault::Again(Duration::from_millis(chance.u64(100..2_000))),
            5 | 6 if may_double => Fault::Twice,
            // Some so late that whoever sent it has given up or gone on, most by a moment.
            4..=6 => Fault::Late(Duration::from_millis(chance.u64(..1_500))),
            _ => Fault::Late(Duration::from_millis(chance.u64(..100))),
        })
    }

    /// One connection: request after request, until somebody hangs up.
    async fn carry(&self, mut from: TcpStream) {
        let _ = from.set_nodelay(true);
        let mut there = None;
        while let Ok(Some(request)) = message(&mut from).await {
            if self.outage.load(Ordering::Relaxed) != Outage::None as u8 {
                count(self.counter);
                if !self.fails(&mut from, &request).await {
                    return;
                }
                continue;
            }
            let fault = self.fault(!says_once(&request));
            if fault.is_some() {
                count(self.counter);
            }
            let late = self.happens(fault, &request);
            if fault == Some(Fault::CutBefore) {
                return;
            }
            if let Some(late) = late {
                sleep(late).await;
            }
            let answer = tokio::select! {
                answer = self.ask(&mut there, &request) => answer,
                // Whoever asked has given up, and the other end learns it.
                () = hung_up(&from) => return,
            };
            let Ok(Some(answer)) = answer else { return };
            match fault {
                Some(Fault::CutAfter) => return,
                Some(Fault::CutAmid) => {
                    let _ = from.write_all(&answer[..answer.len() / 2]).await;
                    return;
                }
                _ if from.write_all(&answer).await.is_err() => return,
                _ => {}
            }
        }
    }

    /// What happens to a request beside itself; how late it is.
    fn happens(&self, fault: Option<Fault>, request: &[u8]) -> Option<Duration> {
        let again = |after: Duration| {
            let (to, request) = (self.to, request.to_vec());
            tokio::spawn(async move {
                sleep(after).await;
                let _ = ask(&mut None, to, &request).await;
            });
        };
        match fault {
            Some(Fault::Late(late)) => return Some(late),
            Some(Fault::Twice) => again(Duration::ZERO),
            Some(Fault::Again(after)) => again(after),
            _ => {}
        }
        None
    }

    /// One request in an outage; whether the connection goes on.
    async fn fails(&self, from: &mut TcpStream, request: &[u8]) -> bool {
        if self.outage.load(Ordering::Relaxed) == Outage::Refusing as u8 {
            let refused = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
            return from.write_all(refused).await.is_ok();
        }
        if self.outage.load(Ordering::Relaxed) == Outage::Mute as u8 {
            let _ = ask(&mut None, self.to, request).await;
        }
        sleep(HANG).await;
        false
    }

    async fn ask(
        &self,
        there: &mut Option<TcpStream>,
        request: &[u8],
    ) -> io::Result<Option<Vec<u8>>> {
        ask(there, self.to, request).await
    }
}

/// Sends a request on a connection that is there, or on a new one, and reads the answer.
async fn ask(
    there: &mut Option<TcpStream>,
    to: SocketAddr,
    request: &[u8],
) -> io::Result<Option<Vec<u8>>> {
    let mut stream = match there.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(to).await?;
            stream.set_nodelay(true)?;
            stream
        }
    };
    stream.write_all(request).await?;
    let answer = message(&mut stream).await?;
    *there = Some(stream);
    Ok(answer)
}

/// Waits until the other side hangs up.
async fn hung_up(stream: &TcpStream) {
    match stream.peek(&mut [0]).await {
        Ok(0) | Err(_) => {}
        Ok(_) => pending().await,
    }
}
