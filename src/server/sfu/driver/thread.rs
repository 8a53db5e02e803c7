//! The driver's own thread: media waits for nothing else that the process does, and nothing else is woken for media.

use std::{io, net::SocketAddr, sync::Arc, thread};

use tokio::{
    runtime,
    sync::{broadcast, mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use super::Driver;
use crate::server::{
    sfu::{admin::RoomEvent, command::Command, config::SfuConfig, network::Network},
    token::ApiKey,
};

/// What the driver is started with.
#[derive(Debug)]
pub struct Thread {
    /// Where it listens.
    pub config: SfuConfig,
    /// What tokens are signed with.
    pub key: ApiKey,
    /// Where it tells what happens.
    pub events: broadcast::Sender<Arc<RoomEvent>>,
    /// What it is asked to do.
    pub commands: mpsc::Receiver<Command>,
    /// When it stops.
    pub shutdown: CancellationToken,
}

impl Thread {
    /// Starts the thread; gives the addresses at which media is announced, and what ends when the thread does.
    ///
    /// # Errors
    /// A UDP address that cannot be bound.
    pub async fn start(self) -> io::Result<(Vec<SocketAddr>, impl Future<Output = ()> + Send + 'static)> {
        let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (ready, started) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        thread::Builder::new().name("media".to_owned()).spawn(move || {
            runtime.block_on(self.run(ready));
            drop(end);
        })?;
        let media = started.await.map_err(io::Error::other)??;
        Ok((media, async { drop(ended.await) }))
    }

    async fn run(self, ready: oneshot::Sender<io::Result<Vec<SocketAddr>>>) {
        let Self { config, key, events, commands, shutdown } = self;
        let driver = Network::bind(&config).await.and_then(|network| Driver::new(network, key, events));
        // Whoever started it may be gone; then nobody sends commands, which ends it.
        match driver {
            Ok(driver) => {
                let _ = ready.send(Ok(driver.network.announced().to_vec()));
                driver.run(commands, shutdown).await;
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::UdpSocket;

    use super::*;

    fn thread(udp: SocketAddr) -> (Thread, mpsc::Sender<Command>) {
        let (sender, commands) = mpsc::channel(1);
        let config = SfuConfig { udp, ..SfuConfig::default() };
        let (key, events) = (ApiKey::new("key", "secret".into()), broadcast::channel(1).0);
        (Thread { config, key, events, commands, shutdown: CancellationToken::new() }, sender)
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_told() {
        let taken = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (thread, _sender) = thread(taken.local_addr().unwrap());
        let told = thread.start().await.map(|(media, _)| media).map_err(|error| error.kind());
        assert_eq!(told, Err(io::ErrorKind::AddrInUse));
    }

    #[tokio::test]
    async fn the_thread_ends_with_the_last_sender_of_commands_or_when_it_is_told_to() {
        let (first, sender) = thread("127.0.0.1:0".parse().unwrap());
        let (media, ended) = first.start().await.unwrap();
        assert!(media[0].ip().is_loopback() && media[0].port() != 0);
        drop(sender);
        ended.await;
        let (second, _sender) = thread("127.0.0.1:0".parse().unwrap());
        let shutdown = second.shutdown.clone();
        let (_, ended) = second.start().await.unwrap();
        shutdown.cancel();
        ended.await;
    }
}
