//! The two models, made into decoders: the installed default one, and that of the site's own phrases.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use pocketsphinx::{CmdLn, PsDecoder};

use crate::server::agent::stt::language_model::LanguageModel;

/// Where Debian's `pocketsphinx-en-us` puts the models.
const MODELS: &str = "/usr/share/pocketsphinx/model/en-us";

/// One pass over the sound: the words are there 1-100 ms after its end, and not 150-500. It costs the small model
/// nothing in accuracy. Both models are searched alike, or their scores could not be compared.
const ONE_PASS: [&str; 6] = ["-fwdflat", "no", "-bestpath", "no", "-maxhmmpf", "3000"];

/// One of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// The site's own phrases.
    Site,
    /// English.
    General,
}

/// Whether the models are on this machine.
pub(super) fn is_installed() -> bool {
    Path::new(MODELS).join("en-us.lm.bin").is_file()
}

/// Makes a decoder; far too slow for the conversation to wait for.
pub(super) fn load(kind: Model, model: &LanguageModel) -> io::Result<PsDecoder> {
    let models = Path::new(MODELS);
    let acoustic = models.join("en-us");
    let decoder = |lm: &Path, dict: &Path| {
        let (acoustic, lm, dict) =
            (acoustic.display().to_string(), lm.display().to_string(), dict.display().to_string());
        let files = ["frontdesk", "-hmm", &acoustic, "-lm", &lm, "-dict", &dict, "-logfn", "/dev/null"];
        let args = [&files[..], &ONE_PASS[..]].concat();
        let config = CmdLn::init(true, &args).map_err(io::Error::other)?;
        Ok(PsDecoder::init(config))
    };
    match kind {
        Model::General => decoder(&models.join("en-us.lm.bin"), &models.join("cmudict-en-us.dict")),
        Model::Site => {
            let folder = Scratch::new()?;
            let (lm, dict) = (folder.0.join("site.lm"), folder.0.join("site.dict"));
            let known = fs::read_to_string(models.join("cmudict-en-us.dict"))?;
            fs::write(&lm, model.arpa())?;
            fs::write(&dict, dictionary(&model.vocabulary(), &known))?;
            decoder(&lm, &dict)
        }
    }
}

/// A folder of its own for what the decoder reads from files; it goes when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("frontdesk-{:032x}", rand::random::<u128>()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The lines of the pronouncing dictionary `known` that `words` need. A plural that it lacks is made from its singular.
fn dictionary(words: &BTreeSet<String>, known: &str) -> String {
    let mut lines = String::new();
    let mut found = BTreeSet::new();
    let singulars: BTreeSet<&str> = words.iter().filter_map(|word| word.strip_suffix('s')).collect();
    let mut plurals = Vec::new();
    for line in known.lines() {
        let Some((word, phones)) = line.split_once(' ') else { continue };
        let base = word.split('(').next().unwrap_or(word);
        if words.contains(base) {
            found.insert(base);
            writeln!(lines, "{line}").ok();
        }
        if singulars.contains(word) {
            plurals.push((format!("{word}s"), phones));
        }
    }
    for (plural, phones) in plurals {
        if !found.contains(plural.as_str()) {
            let ending = if phones.ends_with(['F', 'K', 'P', 'T']) { "S" } else { "Z" };
            writeln!(lines, "{plural} {phones} {ending}").ok();
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_holds_what_is_needed() {
        let known = "dj D IY JH EY\ndog D AO G\nfree F R IY\nfree(2) F ER IY\ngroup G R UW P\n";
        let words = ["djs", "free", "groups", "nowhere"].map(str::to_owned).into();
        assert_eq!(dictionary(&words, known), "free F R IY\nfree(2) F ER IY\ndjs D IY JH EY Z\ngroups G R UW P S\n");
    }
}
