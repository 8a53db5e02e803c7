//! Makes the served files in `target/site`: the browser's module, the LiveKit client, the stylesheet, and what lies in
//! `public/`. Slow parts are skipped where their inputs are the ones of the last time.

use std::{
    collections::hash_map::DefaultHasher,
    ffi::OsStr,
    fs,
    hash::{Hash, Hasher},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;

use crate::{build::Profile, step};

const SITE: &str = "target/site";
const PKG: &str = "target/site/pkg";
/// The names of colours and screen widths in Tailwind's classes.
const THEME: &str = "style/tailwind.toml";
/// What the widget imports of the LiveKit client; esbuild leaves out what nothing here reaches.
const LIVEKIT_ENTRY: &str = "src/browser/livekit/client.js";

/// Makes all of it.
pub fn all(profile: Profile) -> Result<()> {
    fs::create_dir_all(PKG)?;
    module(profile)?;
    livekit_client()?;
    stylesheet()?;
    copy_tree(Path::new("public"), Path::new(SITE))?;
    match profile {
        Profile::Dev => drop_compressed(Path::new(SITE)),
        Profile::Release => compress(Path::new(SITE)),
    }
}

/// The bindgen glue and the module, in a release build made smaller by binaryen.
fn module(profile: Profile) -> Result<()> {
    let input = fs::read(profile.module()).with_context(|| format!("{} is missing", profile.module()))?;
    let output = PathBuf::from(PKG).join("frontdesk_bg.wasm");
    let stamp = Stamp::of("module", &[&input, format!("{profile:?}").as_bytes()]);
    if output.exists() && stamp.is_fresh() {
        return Ok(());
    }
    let _ = fs::remove_dir_all(Path::new(PKG).join("snippets"));
    let mut bindgen = Bindgen::new();
    bindgen.web(true).and_then(|bindgen| {
        bindgen.input_path(profile.module()).out_name("frontdesk").typescript(false).generate(PKG)
    })?;
    if profile == Profile::Release {
        step::run(
            "Shrinking the browser's part",
            Command::new("node_modules/.bin/wasm-opt")
                .args(["-Oz", "--enable-bulk-memory", "--enable-nontrapping-float-to-int"])
                .arg(&output)
                .arg("-o")
                .arg(&output),
            "Remove node_modules and try again.",
        )?;
        let glue = Path::new(PKG).join("frontdesk.js");
        esbuild(&["--minify", "--format=esm", "--allow-overwrite"], &glue, &glue)?;
    }
    stamp.write()
}

fn livekit_client() -> Result<()> {
    let output = Path::new(PKG).join("livekit-client.js");
    let stamp = Stamp::of("livekit-client", &[&fs::read(LIVEKIT_ENTRY)?, &fs::read("package-lock.json")?]);
    if output.exists() && stamp.is_fresh() {
        return Ok(());
    }
    esbuild(&["--bundle", "--minify", "--format=esm", "--legal-comments=none"], Path::new(LIVEKIT_ENTRY), &output)?;
    stamp.write()
}

/// Tailwind's classes, as the Rust sources and the theme's names for colours have them, then the theme in `style/`.
fn stylesheet() -> Result<()> {
    let mut sources = Vec::new();
    read_tree(Path::new("src"), "rs", &mut sources)?;
    let config = encre_css::Config::from_file(THEME).map_err(|error| anyhow!("{THEME}: {error}"))?;
    let mut css = encre_css::generate(sources.iter().map(String::as_str), &config);
    let mut theme = Vec::new();
    read_tree(Path::new("style"), "css", &mut theme)?;
    css.push_str(&theme.concat());
    let output = Path::new(PKG).join("frontdesk.css");
    let stamp = Stamp::of("stylesheet", &[css.as_bytes()]);
    if output.exists() && stamp.is_fresh() {
        return Ok(());
    }
    let whole = Path::new("target/frontdesk.css");
    fs::write(whole, css)?;
    esbuild(&["--minify"], whole, &output)?;
    stamp.write()
}

fn esbuild(options: &[&str], input: &Path, output: &Path) -> Result<()> {
    let mut command = Command::new("node_modules/.bin/esbuild");
    command.args(options).arg("--log-level=warning").arg(input).arg(format!("--outfile={}", output.display()));
    let status = command.status().context("esbuild could not be started; run `npm ci`")?;
    status.success().then_some(()).ok_or_else(|| anyhow!("esbuild refused {}", input.display()))
}

/// Says whether a step's inputs are those of the last time it was done.
struct Stamp {
    file: PathBuf,
    value: String,
}

impl Stamp {
    fn of(step: &str, inputs: &[&[u8]]) -> Self {
        let mut hasher = DefaultHasher::new();
        inputs.hash(&mut hasher);
        Self { file: Path::new("target").join(format!("{step}.stamp")), value: hasher.finish().to_string() }
    }

    fn is_fresh(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|value| value == self.value)
    }

    fn write(&self) -> Result<()> {
        Ok(fs::write(&self.file, &self.value)?)
    }
}

/// Puts a brotli-packed `.br` beside every text and module whose own is older.
fn compress(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            compress(&path)?;
            continue;
        }
        let compressible = ["js", "css", "wasm", "svg", "html", "txt", "webmanifest"];
        if !path.extension().and_then(OsStr::to_str).is_some_and(|ending| compressible.contains(&ending)) {
            continue;
        }
        let packed = PathBuf::from(format!("{}.br", path.display()));
        let modified = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
        if modified(&packed) >= modified(&path) {
            continue;
        }
        let content = fs::read(&path)?;
        let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 11, 22);
        writer.write_all(&content)?;
        fs::write(packed, writer.into_inner())?;
    }
    Ok(())
}

fn drop_compressed(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            drop_compressed(&path)?;
        } else if path.extension().is_some_and(|ending| ending == "br") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else if fs::read(&path)? != fs::read(&target).unwrap_or_default() {
            fs::copy(&path, target)?;
        }
    }
    Ok(())
}

/// The contents of every file under `folder` with this ending, by path.
fn read_tree(folder: &Path, ending: &str, contents: &mut Vec<String>) -> Result<()> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_tree(&path, ending, contents)?;
        } else if path.extension().is_some_and(|found| found == ending) {
            contents.push(fs::read_to_string(path)?);
        }
    }
    Ok(())
}
