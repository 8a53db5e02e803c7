//! Installs what a fresh machine lacks. Every part looks first and does nothing where nothing is missing.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use crate::step;

/// Debian's packages for recognition and speech on the machine; without them the call works by text.
const SPEECH_PACKAGES: [&str; 5] = ["pocketsphinx-en-us", "libpocketsphinx-dev", "libclang-dev", "pkg-config", "flite"];
/// Debian's packages that only the tests need: a browser, tools to make recordings and to judge them, and what lets two
/// nodes of a LiveKit server share their rooms.
const TEST_PACKAGES: [&str; 5] = ["chromium", "pocketsphinx", "sox", "python3-venv", "redis-server"];
/// The LiveKit server that the tests and benchmarks run beside the embedded one.
const LIVEKIT_SERVER: &str = "github.com/livekit/livekit-server/cmd/server@v1.13.5";

/// LiveKit's client for Python, which the tests let join beside ours.
const PYTHON_CLIENT: &str = "livekit==1.2.1";
const PYTHON_FOLDER: &str = "target/python";
/// LiveKit's agents, which the benchmarks run beside ours.
const LIVEKIT_AGENTS: &str = "livekit-agents==1.8.9";
const AGENTS_FOLDER: &str = "target/livekit-agents";

/// Everything that building needs, and with `tests` what testing needs too.
pub fn all(tests: bool) -> Result<()> {
    for_build()?;
    if tests {
        debian_packages("the tests' browser and tools", &TEST_PACKAGES, Need::Required)?;
        postgres()?;
        livekit_server()?;
        python_client()?;
    }
    Ok(())
}

/// Everything that building and running need.
pub fn for_build() -> Result<()> {
    wasm_target()?;
    npm_packages()?;
    debian_packages("speech on this machine", &SPEECH_PACKAGES, Need::Optional)
}

/// Whether the library of the recogniser can be built against.
pub fn has_pocketsphinx() -> bool {
    step::succeeds(Command::new("pkg-config").args(["--exists", "pocketsphinx"])) && has_libclang()
}

fn has_libclang() -> bool {
    if env::var_os("LIBCLANG_PATH").is_some() {
        return true;
    }
    let mut folders = vec![PathBuf::from("/usr/lib/x86_64-linux-gnu"), "/usr/lib/aarch64-linux-gnu".into()];
    let llvm = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    folders.extend(llvm.filter(|path| path.to_string_lossy().contains("llvm")).map(|path| path.join("lib")));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    files.map(|file| file.file_name()).any(|name| {
        let name = name.to_string_lossy();
        name.starts_with("libclang.so") || name.starts_with("libclang-")
    })
}

/// Postgres, which the tests run a server of for themselves.
fn postgres() -> Result<()> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    if versions.into_iter().any(|version| version.path().join("bin/initdb").exists()) {
        return Ok(());
    }
    // Debian's package would make a database of its own and start it: not where somebody only runs tests.
    debian_packages("the ground for Postgres", &["postgresql-common"], Need::Required)?;
    let settings = "/etc/postgresql-common/createcluster.conf";
    step::run(
        "Telling Debian to start no Postgres of its own",
        as_root("pg_conftool").args([settings, "set", "create_main_cluster", "off"]),
        "Install Postgres by hand, or let this user run sudo.",
    )?;
    debian_packages("Postgres for the tests", &["postgresql"], Need::Required)
}

/// A real livekit-server in `target/livekit`, where Go can build it; the tests say plainly when it is not there.
fn livekit_server() -> Result<()> {
    let folder = env::current_dir()?.join("target/livekit");
    if folder.join("server").exists() || !has_go() {
        return Ok(());
    }
    step::run(
        "Building the LiveKit server for the tests (some minutes)",
        Command::new("go").args(["install", LIVEKIT_SERVER]).env("GOBIN", folder),
        "Can Go reach its module proxy? Without Go on the PATH the tests leave the LiveKit server out.",
    )
}

/// LiveKit's Python client in a folder of its own, where there is a Python; the tests say plainly when it is not there.
fn python_client() -> Result<()> {
    python_package(PYTHON_FOLDER, PYTHON_CLIENT)
}

/// LiveKit's agents in a folder of their own, where there is a Python; the benchmark says plainly when they are not there.
pub fn livekit_agents() -> Result<()> {
    python_package(AGENTS_FOLDER, LIVEKIT_AGENTS)
}

fn python_package(folder: &str, package: &str) -> Result<()> {
    let path = Path::new(folder);
    if path.join("bin/python").exists()
        || !step::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
    {
        return Ok(());
    }
    let advice = "Can pip reach its index? Without Python 3 and its venv this is left out.";
    step::run(&format!("A place for {package}"), Command::new("python3").args(["-m", "venv", folder]), advice)?;
    let installed = step::run(
        &format!("Installing {package}"),
        Command::new(path.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", package]),
        advice,
    );
    // Half a place would count as a whole one the next time.
    if installed.is_err() {
        fs::remove_dir_all(path)?;
    }
    installed
}

/// Whether Go is there, 1.26 or newer, as livekit-server 1.13.5 asks.
fn has_go() -> bool {
    let Ok(output) = Command::new("go").args(["env", "GOVERSION"]).output() else { return false };
    let version = String::from_utf8_lossy(&output.stdout);
    let mut parts = version.trim().trim_start_matches("go").split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(1), Some(26))
}

fn wasm_target() -> Result<()> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output()?;
    let sysroot = String::from_utf8_lossy(&sysroot.stdout);
    if Path::new(sysroot.trim()).join("lib/rustlib/wasm32-unknown-unknown").is_dir() {
        return Ok(());
    }
    step::run(
        "Adding Rust's target for the browser",
        Command::new("rustup").args(["target", "add", "wasm32-unknown-unknown"]),
        "Install Rust by rustup, or add the target wasm32-unknown-unknown by your system's own means.",
    )
}

fn npm_packages() -> Result<()> {
    let lock = fs::read_to_string("package-lock.json")?;
    let stamp = Path::new("node_modules/.frontdesk-lock");
    if fs::read_to_string(stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    step::run(
        "Installing the browser packages (npm ci)",
        Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]),
        "Is Node 20 or newer there, with npm, and can npm reach its registry?",
    )?;
    Ok(fs::write(stamp, lock)?)
}

/// What becomes of a build whose packages are missing.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    /// It cannot go on.
    Required,
    /// It goes on, and says what is left out.
    Optional,
}

fn debian_packages(what: &str, packages: &[&str], need: Need) -> Result<()> {
    let is_missing = |package: &&&str| {
        let output = Command::new("dpkg-query").args(["-W", "-f=${Status}", package]).output();
        !output.is_ok_and(|output| output.stdout.ends_with(b"install ok installed"))
    };
    let missing: Vec<&str> = packages.iter().filter(is_missing).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("Install by hand what your system calls {}.", missing.join(", "));
    let installed = apt_get(what, &missing, &by_hand);
    match (installed, need) {
        (Err(error), Need::Required) => bail!("{error:#}"),
        (Err(error), Need::Optional) => {
            eprintln!("!!! Going on without {what}: calls will work by text.\n    {error:#}");
            Ok(())
        }
        (Ok(()), _) => Ok(()),
    }
}

fn apt_get(what: &str, packages: &[&str], advice: &str) -> Result<()> {
    if !step::succeeds(Command::new("apt-get").arg("--version")) {
        bail!("{what} is missing, and this is not Debian. {advice}");
    }
    let apt = |args: &[&str]| {
        let mut command = as_root("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        command
    };
    let install = [&["install", "-y", "--no-install-recommends", "-qq"], packages].concat();
    if step::succeeds(&mut apt(&install)) {
        return Ok(());
    }
    step::run("Reading Debian's package lists", &mut apt(&["update", "-qq"]), advice)?;
    step::run(&format!("Installing {what}: {}", packages.join(" ")), &mut apt(&install), advice)
}

/// A program as root runs it: by sudo, for everybody else.
fn as_root(program: &str) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    if is_root {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}
