//! Every setting, read once into types: the one place that sees the environment.
//!
//! An empty variable counts as absent. But for the site's and the assistant's files it opens nothing, and it makes nothing:
//! keys are `keys`' matter, sockets the server's.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    str::FromStr,
};

use leptos::config::{LeptosOptions, get_configuration};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tracing_subscriber::EnvFilter;

use super::{
    agent::{self, SettingsError},
    origin::AllowedOrigins,
    storage::Database,
    token::ApiKey,
    visitor::TrustedProxies,
};

/// Where the site's address and folders are written; `LEPTOS_*` variables win over it.
const SITE_FILE: &str = "Leptos.toml";

/// Who answers, in the folder of the site's words.
const ASSISTANT_FILE: &str = "assistant.toml";

/// The UDP port of the embedded room server: livekit-server's default for one port (`rtc.udp_port`).
const UDP_PORT: u16 = 7882;

/// Calls that a visitor may start in a minute: far above what a person does, far below what hurts.
const CALLS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).expect("not zero");

/// str0m and what it stands on warn of what peers send, which any peer could fill the log with.
const LOG: &str = "info,str0m=error,sctp_proto=off,is=error,dimpl=error";

/// The shortest secret taken in production: the 32 bytes of HMAC-SHA-256's own output (RFC 7518, 3.2).
const SECRET_MIN_BYTES: usize = 32;

/// Secrets that stand in public examples, whatever their length.
const PUBLIC_SECRETS: &[&str] = &[
    "secret",
    "devsecret",
    "changeme",
    "password",
    "your-api-secret",
    "APISecretForLocalDevelopment",
    "secretsecretsecretsecretsecretsecret",
];

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The site's address and folders.
    pub site: LeptosOptions,
    /// Whether this faces the world: no public or short secret is taken then.
    pub production: bool,
    /// The room server.
    pub rooms: RoomServer,
    /// The address of the room server that browsers are told; derived from each request where it is absent.
    pub public_url: Option<PublicUrl>,
    /// Where what must be kept is kept.
    pub data_dir: PathBuf,
    /// Where calls are recorded.
    pub database: Database,
    /// The proxies in front whose word on a visitor's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// The foreign sites whose pages may ask for calls.
    pub allowed_origins: AllowedOrigins,
    /// Calls that one visitor may start in a minute.
    pub calls_per_minute: NonZeroU32,
    /// The folder of the site's words: `site.toml` and `faq.md`.
    pub content: PathBuf,
    /// The assistant's file, and the keys that it asks for; absent where it is switched off.
    pub assistant: Option<(agent::Settings, agent::Keys)>,
    /// Whether this process answers calls too, not its workers alone.
    pub answers_itself: bool,
    /// Where workers find the site.
    pub site_url: PublicUrl,
    /// What is logged, as `tracing-subscriber` filters it.
    pub log: String,
}

/// Which server carries the rooms.
#[derive(Clone, Debug)]
pub enum RoomServer {
    /// The one in this process.
    Embedded {
        /// Its key, where the operator set one; made at first start otherwise.
        key: Option<ApiKey>,
        /// The address that media arrives at.
        udp: SocketAddr,
        /// The addresses that clients are told to send media to, where those of this machine are not right.
        announce: Vec<IpAddr>,
        /// Where it posts what happens in its rooms.
        webhooks: Vec<Url>,
    },
    /// A LiveKit server.
    LiveKit {
        /// Its address.
        url: PublicUrl,
        /// A key of it.
        key: ApiKey,
    },
}

/// A room server's address as browsers connect to it: `ws://` or `wss://`, a host, perhaps a path, no slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The address, `ws://` or `wss://`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same server's address for its administration, `http://` or `https://`.
    pub fn http(&self) -> String {
        self.0.replacen("ws", "http", 1)
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.0.starts_with("wss:")
    }
}

impl FromStr for PublicUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(BadUrl)?;
        let scheme = match scheme {
            "ws" | "http" => "ws",
            "wss" | "https" => "wss",
            _ => return Err(BadUrl),
        };
        let rest = rest.trim_end_matches('/');
        let host = rest.split('/').next().unwrap_or_default();
        let clean = rest.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]/~%".contains(&b));
        if host.is_empty() || !clean { Err(BadUrl) } else { Ok(Self(format!("{scheme}://{rest}"))) }
    }
}

/// A text that is no address of a room server.
#[derive(Debug, PartialEq, Eq)]
pub struct BadUrl;

impl fmt::Display for BadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it must be an address such as wss://rooms.example.com")
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The site's file is not where the program was started.
    #[error("{SITE_FILE} is not in {0}: start Frontdesk in the folder that holds it")]
    NoSiteFile(PathBuf),
    /// The site's file, or a `LEPTOS_*` variable that wins over it, cannot be understood.
    #[error("{SITE_FILE}, or a LEPTOS_* variable that wins over it: {0}")]
    Site(String),
    /// The assistant's file cannot be used.
    #[error(transparent)]
    Assistant(#[from] SettingsError),
    /// A variable cannot be understood.
    #[error("{name}: {reason}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl Config {
    /// Reads the site's file in the working folder, and the environment.
    ///
    /// # Errors
    /// The first setting that cannot be used, by its name and with the reason.
    pub fn from_env() -> Result<Self, ConfigError> {
        if !std::path::Path::new(SITE_FILE).exists() {
            return Err(ConfigError::NoSiteFile(std::env::current_dir().unwrap_or_default()));
        }
        let site = get_configuration(Some(SITE_FILE)).map_err(|error| ConfigError::Site(error.to_string()))?;
        Self::read(site.leptos_options, |name| std::env::var(name).ok())
    }

    /// Reads every setting but the site's through `variable`.
    ///
    /// # Errors
    /// The first setting that cannot be used, by its name and with the reason.
    pub fn read(site: LeptosOptions, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let settings = Variables(&|name| variable(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()));
        let production = match settings.get("FRONTDESK_ENV").as_deref() {
            None | Some("development") => false,
            Some("production") => true,
            Some(_) => return Err(bad("FRONTDESK_ENV", "it is `production` or `development`")),
        };
        let rooms = settings.room_server(production)?;
        let answers_itself = settings.answers_itself(&rooms)?;
        let near = || PublicUrl(format!("ws://{}", reachable(site.site_addr)));
        let site_url = settings.parse("FRONTDESK_SITE_URL")?.unwrap_or_else(near);
        let content = PathBuf::from(settings.get("FRONTDESK_CONTENT").unwrap_or_else(|| "content".into()));
        let data_dir = PathBuf::from(settings.get("FRONTDESK_DATA_DIR").unwrap_or_else(|| "data".into()));
        Ok(Self {
            site,
            production,
            rooms,
            public_url: settings.parse("FRONTDESK_PUBLIC_URL")?,
            database: settings.parse("DATABASE_URL")?.unwrap_or_else(|| Database::in_folder(&data_dir)),
            data_dir,
            trusted_proxies: settings.parse("FRONTDESK_TRUSTED_PROXIES")?.unwrap_or_default(),
            allowed_origins: settings.parse("FRONTDESK_ALLOWED_ORIGINS")?.unwrap_or_default(),
            calls_per_minute: settings.parse("FRONTDESK_TOKEN_RATE")?.unwrap_or(CALLS_PER_MINUTE),
            assistant: settings.assistant(&content)?,
            answers_itself,
            site_url,
            content,
            log: settings.log()?,
        })
    }
}

/// The variables that are set and not empty.
struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0(name)
    }

    fn parse<T: FromStr<Err: fmt::Display>>(&self, name: &'static str) -> Result<Option<T>, ConfigError> {
        self.get(name).map(|text| text.parse().map_err(|error: T::Err| bad(name, error))).transpose()
    }

    fn room_server(&self, production: bool) -> Result<RoomServer, ConfigError> {
        let key = match (self.get("LIVEKIT_API_KEY"), self.get("LIVEKIT_API_SECRET")) {
            (Some(key), Some(secret)) => Some(ApiKey::new(key, checked(secret, production)?)),
            (Some(_), None) => return Err(bad("LIVEKIT_API_SECRET", "it must be set where LIVEKIT_API_KEY is")),
            (None, Some(_)) => return Err(bad("LIVEKIT_API_KEY", "it must be set where LIVEKIT_API_SECRET is")),
            (None, None) => None,
        };
        let url = match self.parse("LIVEKIT_URL")? {
            Some(url) => Some(url),
            None => self.parse("LIVEKIT_HOST")?,
        };
        let Some(url) = url else {
            let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, UDP_PORT));
            let announce = self.get("FRONTDESK_ANNOUNCE").unwrap_or_default();
            let announce =
                announce.split(',').map(str::trim).filter(|item| !item.is_empty()).map(|item| {
                    item.parse().map_err(|_| bad("FRONTDESK_ANNOUNCE", format!("`{item}` is no IP address")))
                });
            let webhooks = self.get("FRONTDESK_WEBHOOKS").unwrap_or_default();
            let webhooks = webhooks.split(',').map(str::trim).filter(|item| !item.is_empty()).map(webhook);
            return Ok(RoomServer::Embedded {
                webhooks: webhooks.collect::<Result<_, _>>()?,
                key,
                udp: self.parse("FRONTDESK_UDP_ADDR")?.unwrap_or(any),
                announce: announce.collect::<Result<_, _>>()?,
            });
        };
        if self.get("FRONTDESK_WEBHOOKS").is_some() {
            return Err(bad("FRONTDESK_WEBHOOKS", "a LiveKit server posts webhooks itself: name them in its settings"));
        }
        match key {
            Some(key) => Ok(RoomServer::LiveKit { url, key }),
            None => Err(bad("LIVEKIT_API_KEY", "it and LIVEKIT_API_SECRET must be set where LIVEKIT_URL is")),
        }
    }

    fn log(&self) -> Result<String, ConfigError> {
        let log = self.get("FRONTDESK_LOG").unwrap_or_else(|| LOG.into());
        EnvFilter::builder().parse(&log).map_err(|error| bad("FRONTDESK_LOG", error))?;
        Ok(log)
    }

    fn answers_itself(&self, rooms: &RoomServer) -> Result<bool, ConfigError> {
        match (self.get("FRONTDESK_ASSISTANT").as_deref(), rooms) {
            (Some("workers"), RoomServer::LiveKit { .. }) => Ok(false),
            (Some("workers"), RoomServer::Embedded { .. }) => {
                Err(bad("FRONTDESK_ASSISTANT", "workers take calls of a LiveKit server: set LIVEKIT_URL"))
            }
            (Some(_) | None, _) => Ok(true),
        }
    }

    fn assistant(&self, content: &Path) -> Result<Option<(agent::Settings, agent::Keys)>, ConfigError> {
        match self.get("FRONTDESK_ASSISTANT").as_deref() {
            Some("off") => return Ok(None),
            None | Some("on" | "workers") => {}
            Some(_) => return Err(bad("FRONTDESK_ASSISTANT", "it is `on`, `workers` or `off`")),
        }
        let file = self.get("FRONTDESK_ASSISTANT_FILE").map_or_else(|| content.join(ASSISTANT_FILE), PathBuf::from);
        Ok(Some(agent::Settings::load(&file, |name| self.get(name))?))
    }
}

/// The address at which this machine reaches a server of its own that listens at `address`.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    let loopback: IpAddr = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    SocketAddr::new(loopback, address.port())
}

fn webhook(text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    url.ok_or_else(|| bad("FRONTDESK_WEBHOOKS", format!("`{text}` is no address such as https://example.com/hook")))
}

fn checked(secret: String, production: bool) -> Result<SecretString, ConfigError> {
    let secret = SecretString::from(secret);
    let name = "LIVEKIT_API_SECRET";
    if production && PUBLIC_SECRETS.iter().any(|public| public.eq_ignore_ascii_case(secret.expose_secret())) {
        return Err(bad(
            name,
            "it stands in public examples; production needs one of its own (`openssl rand -hex 32`)",
        ));
    }
    if production && secret.expose_secret().len() < SECRET_MIN_BYTES {
        let reason = format!("production needs {SECRET_MIN_BYTES} characters or more (`openssl rand -hex 32`)");
        return Err(bad(name, reason));
    }
    Ok(secret)
}

fn bad(name: &'static str, reason: impl fmt::Display) -> ConfigError {
    ConfigError::Variable { name, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "d9f2a7c4e1b8436590af1c2d3e4f5a6b";

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let site = LeptosOptions::builder().output_name("frontdesk").build();
        let variable =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        Config::read(site, variable).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_is_the_embedded_server_with_a_key_of_its_own() {
        let config = read(&[("LIVEKIT_URL", " ")]).unwrap();
        let RoomServer::Embedded { key, udp, announce, webhooks } = config.rooms else { panic!("not embedded") };
        assert!(key.is_none());
        assert_eq!((udp, announce, webhooks), ("0.0.0.0:7882".parse().unwrap(), vec![], vec![]));
        assert!(!config.production);
        assert_eq!(config.data_dir, PathBuf::from("data"));
        assert_eq!(config.database.to_string(), "data/frontdesk.db");
    }

    #[test]
    fn webhooks_are_addresses_of_the_embedded_server() {
        let config = read(&[("FRONTDESK_WEBHOOKS", "https://one.example/hook, http://127.0.0.1:9")]).unwrap();
        let RoomServer::Embedded { webhooks, .. } = config.rooms else { panic!("not embedded") };
        assert_eq!(
            webhooks.iter().map(Url::as_str).collect::<Vec<_>>(),
            ["https://one.example/hook", "http://127.0.0.1:9/"]
        );
        let refused = |variables: &[(&str, &str)]| read(variables).unwrap_err();
        assert!(refused(&[("FRONTDESK_WEBHOOKS", "example.com")]).contains("`example.com` is no address"));
        let livekit = [("LIVEKIT_URL", "ws://a"), ("LIVEKIT_API_KEY", "key"), ("LIVEKIT_API_SECRET", "secret")];
        assert!(
            refused(&[&livekit[..], &[("FRONTDESK_WEBHOOKS", "https://a")]].concat()).starts_with("FRONTDESK_WEBHOOKS")
        );
    }

    #[test]
    fn a_url_is_a_livekit_server_under_either_name() {
        for name in ["LIVEKIT_URL", "LIVEKIT_HOST"] {
            let config =
                read(&[(name, "https://rooms.example/"), ("LIVEKIT_API_KEY", "key"), ("LIVEKIT_API_SECRET", "secret")]);
            let RoomServer::LiveKit { url, key } = config.unwrap().rooms else { panic!("not LiveKit") };
            assert_eq!((url.as_str(), url.http().as_str()), ("wss://rooms.example", "https://rooms.example"));
            assert_eq!(key.key(), "key");
        }
    }

    #[test]
    fn a_key_without_a_url_is_the_embedded_servers() {
        let config = read(&[("LIVEKIT_API_KEY", "mine"), ("LIVEKIT_API_SECRET", LONG)]).unwrap();
        let RoomServer::Embedded { key: Some(key), .. } = config.rooms else { panic!("no key") };
        assert_eq!(key.key(), "mine");
    }

    #[test]
    fn production_refuses_public_and_short_secrets() {
        for secret in ["secret", "devsecret", "0123456789abcdef", "secretsecretsecretsecretsecretsecret"] {
            let error =
                read(&[("FRONTDESK_ENV", "production"), ("LIVEKIT_API_KEY", "devkey"), ("LIVEKIT_API_SECRET", secret)])
                    .unwrap_err();
            assert!(error.starts_with("LIVEKIT_API_SECRET: "), "{error}");
            assert!(!error.contains(secret) || secret == "secret", "{error}");
        }
        let good = [("FRONTDESK_ENV", "production"), ("LIVEKIT_API_KEY", "k"), ("LIVEKIT_API_SECRET", LONG)];
        assert!(read(&good).unwrap().production);
    }

    #[test]
    fn every_error_names_its_variable() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("FRONTDESK_ENV", &[("FRONTDESK_ENV", "prod")]),
            ("LIVEKIT_API_KEY", &[("LIVEKIT_URL", "wss://rooms.example")]),
            ("LIVEKIT_API_SECRET", &[("LIVEKIT_URL", "wss://rooms.example"), ("LIVEKIT_API_KEY", "key")]),
            ("LIVEKIT_API_KEY", &[("LIVEKIT_API_SECRET", LONG)]),
            ("LIVEKIT_URL", &[("LIVEKIT_URL", "rooms.example")]),
            ("FRONTDESK_PUBLIC_URL", &[("FRONTDESK_PUBLIC_URL", "wss://a;script-src *")]),
            ("FRONTDESK_UDP_ADDR", &[("FRONTDESK_UDP_ADDR", "7882")]),
            ("FRONTDESK_ANNOUNCE", &[("FRONTDESK_ANNOUNCE", "192.0.2.1, here")]),
            ("FRONTDESK_TRUSTED_PROXIES", &[("FRONTDESK_TRUSTED_PROXIES", "10.0.0.0/40")]),
            ("FRONTDESK_ALLOWED_ORIGINS", &[("FRONTDESK_ALLOWED_ORIGINS", "*")]),
            ("FRONTDESK_TOKEN_RATE", &[("FRONTDESK_TOKEN_RATE", "0")]),
            ("FRONTDESK_ASSISTANT", &[("FRONTDESK_ASSISTANT", "maybe")]),
            ("FRONTDESK_ASSISTANT", &[("FRONTDESK_ASSISTANT", "workers")]),
            ("FRONTDESK_SITE_URL", &[("FRONTDESK_SITE_URL", "desk.example")]),
            ("FRONTDESK_LOG", &[("FRONTDESK_LOG", "frontdesk=loud")]),
            ("DATABASE_URL", &[("DATABASE_URL", "mysql://host/calls")]),
        ];
        for (name, variables) in cases {
            let error = read(variables).unwrap_err();
            assert!(error.starts_with(&format!("{name}: ")), "{error}");
        }
    }

    #[test]
    fn a_server_that_listens_everywhere_is_reached_by_loopback() {
        for (listens, reached) in
            [("0.0.0.0:3000", "127.0.0.1:3000"), ("[::]:3000", "[::1]:3000"), ("192.0.2.1:80", "192.0.2.1:80")]
        {
            assert_eq!(reachable(listens.parse().unwrap()), reached.parse().unwrap());
        }
    }
}
