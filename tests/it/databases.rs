//! Databases for a test: a SQLite file, and a Postgres server where Postgres is installed.
//!
//! The Postgres server is this test run's own: in a temporary folder, on a Unix socket, as a user without rights. It
//! stops when the last test that uses it is done. Where it is not installed, the tests say so and leave it out.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering},
    },
};

use frontdesk::server::storage::{Database, Edge, Storage};

/// `nobody`, on every Linux: Postgres refuses to be run by root.
const NOBODY: u32 = 65534;

/// A clock that stands until it is set, and counted ids.
pub struct Fixed {
    now_ms: AtomicI64,
    count: AtomicU64,
}

impl Fixed {
    /// Begins at this time.
    pub fn at(now_ms: i64) -> Arc<Self> {
        Arc::new(Self { now_ms: AtomicI64::new(now_ms), count: AtomicU64::new(0) })
    }

    /// Sets the clock.
    pub fn set(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }
}

impl Edge for Fixed {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn random(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

/// An empty database; it goes when this is dropped.
pub struct TestDatabase {
    /// What opens it.
    pub database: Database,
    /// The same as a setting.
    pub url: String,
    home: Home,
}

enum Home {
    Folder(PathBuf),
    Server(Arc<Postgres>),
}

impl TestDatabase {
    /// An empty SQLite file that is not there yet.
    pub fn sqlite() -> Self {
        let folder = folder("sqlite");
        let url = format!("sqlite:{}", folder.join("calls.db").display());
        Self { database: url.parse().unwrap(), url, home: Home::Folder(folder) }
    }

    /// An empty database on the test run's Postgres server, where Postgres is installed.
    pub fn postgres() -> Option<Self> {
        Postgres::shared().map(Self::on)
    }

    /// An empty database on a Postgres server of its own, which the test may stop.
    pub fn own_postgres() -> Option<Self> {
        Postgres::start().map(|server| Self::on(Arc::new(server)))
    }

    fn on(server: Arc<Postgres>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("calls_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        server.sql(&format!("CREATE DATABASE {name}"));
        let url = format!("postgres://desk@localhost/{name}?host={}", server.folder.display());
        Self { database: url.parse().unwrap(), url, home: Home::Server(server) }
    }

    /// One of each, for stories that both must tell.
    pub fn each() -> Vec<Self> {
        [Some(Self::sqlite()), Self::postgres()].into_iter().flatten().collect()
    }

    /// Opens it.
    pub async fn open(&self, edge: &Arc<Fixed>) -> Storage {
        Storage::open(&self.database, edge.clone()).await.unwrap()
    }

    /// The folder of a SQLite file.
    pub fn folder(&self) -> &Path {
        match &self.home {
            Home::Folder(folder) => folder,
            Home::Server(server) => &server.folder,
        }
    }

    /// The Postgres server that it is on.
    pub fn server(&self) -> Option<&Postgres> {
        match &self.home {
            Home::Folder(_) => None,
            Home::Server(server) => Some(server),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Home::Folder(folder) = &self.home {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A Postgres server on a socket in its own folder.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
}

impl Postgres {
    /// The test run's server.
    fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("!!! LEFT OUT: Postgres is not installed here (Debian's package `postgresql`)");
            return None;
        };
        let folder = folder("postgres");
        let server = Self { folder, programs };
        // The folder is this test's own, but the server is another's: root's tests run it as `nobody`.
        fs::set_permissions(&server.folder, fs::Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            chown(&server.folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = server.folder.join("data").display().to_string();
        server.run("initdb", &["--pgdata", &data, "--username", "desk", "--auth", "trust", "--no-sync"]);
        server.begin();
        Some(server)
    }

    /// Starts the server; to be used after [`Postgres::stop`].
    pub fn begin(&self) {
        let data = self.folder.join("data").display().to_string();
        let log = self.folder.join("log").display().to_string();
        let options = format!("-c listen_addresses='' -c fsync=off -k {}", self.folder.display());
        self.run("pg_ctl", &["--pgdata", &data, "--log", &log, "--options", &options, "--wait", "start"]);
    }

    /// Stops the server, and whoever is connected.
    pub fn stop(&self) {
        let data = self.folder.join("data").display().to_string();
        self.run("pg_ctl", &["--pgdata", &data, "--mode", "immediate", "--wait", "stop"]);
    }

    fn sql(&self, sql: &str) {
        let folder = self.folder.display().to_string();
        self.run("psql", &["--quiet", "--host", &folder, "--username", "desk", "--command", sql, "postgres"]);
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            let user = NOBODY.to_string();
            command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").stdin(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.join("data").display().to_string();
        // A test may have stopped it.
        let _ = self.command("pg_ctl").args(["--pgdata", &data, "--mode", "immediate", "--wait", "stop"]).output();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where Postgres' programs are: Debian keeps them off the path, a folder for each version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn folder(kind: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("frontdesk-{kind}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("{}: {error}", folder.display()),
        Ok(()) | Err(_) => {}
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}
