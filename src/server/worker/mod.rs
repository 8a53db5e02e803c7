//! Workers: processes that assistants run in, beside the site's, where rooms are on a LiveKit server.
//!
//! ```text
//! LiveKit ◀─ registration (/agent) ─▶ jobs ─▶ AgentHost ─▶ rooms
//!                                              │ reports, messages, whereabouts
//! site    ◀─ line (/api/workers) ◀─────────────┘
//! ```
//!
//! LiveKit decides which worker has a call. The site decides whether a room needs one (`rooms/relief`), for which it has to
//! know where workers are: that, and what is to be recorded, goes by a line of its own. A worker has no database.

pub mod http;
mod jobs;
mod line;
mod registration;
mod wire;

use std::{
    sync::Arc,
    thread::available_parallelism,
    time::{Duration, SystemTime},
};

use anyhow::bail;
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{
    jobs::Jobs,
    line::{Line, RemoteMail},
    registration::{Registration, Ties},
};
use super::{
    agent::{AgentConfig, AgentHost, Link},
    config::{Config, RoomServer},
    content::Content,
    router::WORKERS_PATH,
    token::{ApiKey, Claims, TokenError, VideoGrants},
};

/// Calls at once for each core of the machine: a call costs 0.05 of one at most (docs/BENCHMARKS.md).
const CALLS_PER_CORE: usize = 20;

/// How long a worker's token is good for; it is only shown at the door.
const TOKEN_TTL: Duration = Duration::from_secs(60);

/// Rooms that may wait for their assistant to be told of them.
const SUMMONS: usize = 64;

/// How long the last reports may take to reach the site.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// A worker that is set up.
pub struct Worker {
    host: AgentHost,
    summons: mpsc::Receiver<super::agent::Summons>,
    registration: Registration,
    line: Line,
    finish: CancellationToken,
}

impl Worker {
    /// Sets up what `config` asks for; after `drain` it takes no more calls.
    ///
    /// # Errors
    /// No LiveKit server or no assistant in the settings, questions that cannot be read, a model that cannot be set up.
    pub fn new(config: Config, drain: CancellationToken) -> anyhow::Result<Self> {
        let RoomServer::LiveKit { url, key } = config.rooms else {
            bail!("`frontdesk agent` takes calls of a LiveKit server: set LIVEKIT_URL");
        };
        let Some((settings, keys)) = config.assistant else {
            bail!("there is no assistant where FRONTDESK_ASSISTANT is `off`");
        };
        let content = Content::load(&config.content)?;
        let finish = CancellationToken::new();
        let site = format!("{}{WORKERS_PATH}", config.site_url.as_str());
        let (line, handset) = Line::new(site, key.clone(), finish.clone());
        let mail = RemoteMail { letters: handset.letters, calling_code: settings.calling_code.clone() };
        let jobs = Jobs::new(settings.name.as_str().to_owned(), CALLS_PER_CORE * available_parallelism()?.get());
        let assistant = AgentConfig { settings, keys, faq: content.faq, mailbox: Arc::new(mail) };
        let (told, whereabouts) = mpsc::unbounded_channel();
        let link = Link { url: url.as_str().to_owned(), key: key.clone() };
        let host = AgentHost::new(assistant, link)?.reporting_to(Arc::new(handset.desk)).telling(told);
        let (sender, summons) = mpsc::channel(SUMMONS);
        let ties = Ties { summons: sender, whereabouts, notices: handset.notices, drain };
        Ok(Self { host, summons, registration: Registration::new(&url, key, jobs, ties), line, finish })
    }

    /// Takes calls until it is drained and the last of them is over, or until `stop`, when it leaves them to others.
    pub async fn run(self, stop: CancellationToken) {
        let line = tokio::spawn(self.line.run());
        let host = tokio::spawn(self.host.run(self.summons, stop.clone()));
        tokio::select! {
            () = self.registration.run() => {}
            // The site is not told that the calls are over: they are not.
            () = stop.cancelled() => {}
        }
        if host.await.is_err() {
            tracing::error!("the assistants ended badly");
        }
        self.finish.cancel();
        if tokio::time::timeout(LAST_WORDS, line).await.is_err() {
            tracing::error!("the last reports of calls did not reach the site");
        }
    }
}

/// A token that says that its bearer is one of us.
fn agent_token(key: &ApiKey) -> Result<SecretString, TokenError> {
    let video = VideoGrants { agent: true, ..VideoGrants::default() };
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Ok(key.mint(Claims { video, ..Claims::default() }, now, TOKEN_TTL)?.into())
}
