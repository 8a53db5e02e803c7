//! The server: HTTP, tokens, rooms, the assistant.

pub mod agent;
pub mod calls;
pub mod command;
pub mod config;
pub mod content;
mod dial;
mod entrance;
pub mod error;
pub mod keys;
pub mod limits;
mod listen;
pub mod origin;
pub mod record;
pub mod rooms;
pub mod router;
pub mod security;
pub mod sfu;
pub mod state;
pub mod storage;
mod tls;
pub mod token;
pub mod visitor;
pub mod worker;

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    agent::{AgentConfig, AgentHost, Link, Speech, Summons},
    calls::Calls,
    command::Command,
    config::Config,
    content::Content,
    entrance::Entrance,
    limits::VisitorLimit,
    record::{Record, print_call, print_calls},
    rooms::webhook::Webhooks,
    state::{AppState, Parts},
    storage::{Storage, SystemEdge},
    worker::{Worker, http::Workers},
};
use crate::domain::call::Answering;

/// How long open connections may finish what they do after the word to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How often the visitors who have rested are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Does what the command says; serving goes on until Ctrl-C or SIGTERM.
///
/// # Errors
/// Settings that cannot be used, a database that cannot be opened, an address that cannot be bound, no such call.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve => serve().await,
        Command::Agent => work().await,
        Command::Calls { limit, json } => {
            let calls = recorded().await?.calls(limit).await?;
            say(&if json { serde_json::to_string_pretty(&calls)? } else { print_calls(&calls) });
            Ok(())
        }
        Command::Call { id, json } => {
            let call = recorded().await?.call_record(&id).await?;
            let call = call.ok_or_else(|| anyhow::anyhow!("there is no call {id}; `frontdesk calls` lists them"))?;
            say(&if json { serde_json::to_string_pretty(&call)? } else { print_call(&call) });
            Ok(())
        }
        Command::Help => {
            say(command::USAGE);
            Ok(())
        }
    }
}

/// The record, to be read.
async fn recorded() -> anyhow::Result<Storage> {
    Ok(Storage::open(&Config::from_env()?.database, Arc::new(SystemEdge)).await?)
}

/// Settings for a program that runs, with its cryptography and its log in place.
fn prepare() -> anyhow::Result<Config> {
    install_crypto();
    let config = Config::from_env()?;
    tracing_subscriber::fmt().with_env_filter(&config.log).with_writer(io::stderr).init();
    Ok(config)
}

/// Takes calls until the first word to stop, and ends those in hand; the second word leaves them to others.
async fn work() -> anyhow::Result<()> {
    let config = prepare()?;
    let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
    let worker = Worker::new(config, drain.clone())?;
    say("Frontdesk's assistant waits for calls");
    let word = stop.clone();
    tokio::spawn(async move {
        stop_signal().await;
        tracing::info!("no more calls are taken, and those in hand go on; the next signal ends them");
        drain.cancel();
        stop_signal().await;
        word.cancel();
    });
    worker.run(stop).await;
    Ok(())
}

async fn serve() -> anyhow::Result<()> {
    let config = prepare()?;
    let address = config.site.site_addr;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| anyhow::anyhow!("cannot listen at {address} (LEPTOS_SITE_ADDR): {error}"))?;
    let shutdown = CancellationToken::new();
    let server = Server::start(config, listener, shutdown.clone()).await?;
    announce(server.address());
    tokio::spawn(async move {
        stop_signal().await;
        shutdown.cancel();
    });
    server.run().await;
    Ok(())
}

/// Chooses the process's cryptography. livekit-api would choose one that knows HMAC alone at its first use, and nobody
/// could verify a sign-in afterwards; a choice already made stands.
pub fn install_crypto() {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}

/// A server that has everything it needs and answers once it runs.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: AppState,
    entrance: Entrance,
    assistant: Option<(AgentHost, mpsc::Receiver<Summons>)>,
    record: Record,
    rooms: TaskTracker,
    shutdown: CancellationToken,
}

impl Server {
    /// Opens whatever `config` asks for; it will answer on `listener`, until `shutdown`.
    ///
    /// # Errors
    /// A key that cannot be read or made, a database or socket that cannot be used, questions that cannot be read.
    pub async fn start(config: Config, listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let content = Content::load(&config.content)?;
        let storage = Storage::open(&config.database, Arc::new(SystemEdge)).await?;
        storage.forget_old_webhooks().await?;
        let origins = config.allowed_origins.clone();
        let has_own = config.answers_itself && config.assistant.is_some();
        let open = rooms::open(config.rooms, &config.data_dir, address, origins, has_own, shutdown.clone()).await?;
        let link = Link { url: open.url, key: open.key.clone() };
        let webhooks = Webhooks::new(&open.key);
        let record = Record::start(storage.clone(), open.rooms.clone(), open.facts).await;
        let assistant = config.assistant.map(|(settings, keys)| AgentConfig {
            mailbox: Arc::new(record.mailbox(settings.calling_code.clone())),
            settings,
            keys,
            faq: content.faq.clone(),
        });
        let answering = match assistant.as_ref().map(agent::speech) {
            None => Answering::ByTeam,
            // What workers' machines have is for them to say, in the room.
            Some(_) if !config.answers_itself => Answering::Aloud,
            Some(Speech { hears: true, speaks: true }) => Answering::Aloud,
            Some(_) => Answering::InWriting,
        };
        let workers = Workers { key: open.key.clone(), helpers: open.helpers.clone(), desk: record.desk() };
        let calls = Calls::new(open.key, open.rooms, VisitorLimit::new(config.calls_per_minute));
        let app = AppState::from(Parts {
            site: config.site,
            address,
            content,
            answering,
            // Our own server says when a room begins; elsewhere the ticket brings the assistant.
            early_tickets: open.router.is_some(),
            calls,
            room_url: config.public_url.or(open.public_url),
            storage,
            webhooks,
            workers,
            proxies: config.trusted_proxies,
            origins: config.allowed_origins,
        });
        let entrance = Entrance::new(app.clone(), router::router(app.clone(), open.router));
        let reporter = Arc::new(record.desk());
        let host = assistant.filter(|_| has_own).map(|assistant| AgentHost::new(assistant, link)).transpose()?;
        let assistant = host.map(|host| {
            let host = host.reporting_to(reporter);
            let host = match open.helpers {
                Some(helpers) => host.telling(helpers.own()),
                None => host,
            };
            (host, open.starts)
        });
        Ok(Self { listener, address, app, entrance, assistant, record, rooms: open.tasks, shutdown })
    }

    /// The address that it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until the word to stop, then lets open connections finish for a moment, and stores what is left to store.
    pub async fn run(self) {
        let Self { listener, app, entrance, assistant, record, rooms, shutdown, .. } = self;
        tokio::spawn(forget_the_rested(app, shutdown.clone()));
        let assistant = assistant.map(|(host, starts)| tokio::spawn(host.run(starts, shutdown.clone())));
        let stopping = async {
            listen::listen(listener, entrance, shutdown.clone()).await;
            if let Some(assistant) = assistant {
                let _ = assistant.await;
            }
            rooms.close();
            rooms.wait().await;
        };
        tokio::select! {
            () = stopping => {}
            () = async { shutdown.cancelled().await; tokio::time::sleep(GRACE).await } => {}
        }
        record.finish().await;
    }
}

async fn forget_the_rested(app: AppState, shutdown: CancellationToken) {
    let mut minutes = tokio::time::interval(FORGET_EVERY);
    loop {
        tokio::select! {
            _ = minutes.tick() => app.calls().forget_the_rested(),
            () = shutdown.cancelled() => return,
        }
    }
}

/// The one line for people: where to look. `make run` waits for it.
fn announce(address: SocketAddr) {
    say(&format!("Frontdesk answers on http://{address}"));
}

/// Writes `text` to whoever started the program, and may have stopped reading.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{}", text.trim_end());
}

/// Ends with the first Ctrl-C or SIGTERM.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
