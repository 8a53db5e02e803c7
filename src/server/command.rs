//! What the program is asked to do by its arguments.

use std::fmt;

/// How many calls are listed where nobody says.
const LIMIT: u32 = 20;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve the site.
    Serve,
    /// Take calls of a LiveKit server.
    Agent,
    /// List the latest calls.
    Calls {
        /// How many at most.
        limit: u32,
        /// As JSON.
        json: bool,
    },
    /// Show one call.
    Call {
        /// Its id.
        id: String,
        /// As JSON.
        json: bool,
    },
    /// Say how the program is used.
    Help,
}

/// How the program is used.
pub const USAGE: &str = "\
frontdesk                             serve the site
frontdesk agent                       take calls of a LiveKit server (LIVEKIT_URL); SIGTERM ends those in hand first
frontdesk calls [--json] [--limit N]  list the latest calls
frontdesk call ID [--json]            show a call: who was in it, and what was heard
frontdesk help                        say this

Settings are environment variables; README.md lists them.";

impl Command {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// An argument that has no meaning here.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, BadArgument> {
        let mut arguments = arguments.into_iter();
        let Some(name) = arguments.next() else { return Ok(Self::Serve) };
        match name.as_str() {
            "agent" => arguments.next().map_or(Ok(Command::Agent), |more| Err(BadArgument(more))),
            "calls" => calls(arguments),
            "call" => call(arguments),
            "help" | "--help" | "-h" => Ok(Self::Help),
            _ => Err(BadArgument(name)),
        }
    }
}

fn calls(mut arguments: impl Iterator<Item = String>) -> Result<Command, BadArgument> {
    let (mut limit, mut json) = (LIMIT, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--limit" => {
                let number = arguments.next().unwrap_or_default();
                limit = number.parse().map_err(|_| BadArgument(format!("--limit {number}")))?;
            }
            _ => return Err(BadArgument(argument)),
        }
    }
    Ok(Command::Calls { limit, json })
}

fn call(arguments: impl Iterator<Item = String>) -> Result<Command, BadArgument> {
    let (mut id, mut json) = (None, false);
    for argument in arguments {
        match argument.as_str() {
            "--json" => json = true,
            _ if argument.starts_with('-') || id.is_some() => return Err(BadArgument(argument)),
            _ => id = Some(argument),
        }
    }
    let id = id.ok_or_else(|| BadArgument("call, without an id".to_owned()))?;
    Ok(Command::Call { id, json })
}

/// An argument that has no meaning here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadArgument(String);

impl fmt::Display for BadArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not understood: {}\n\n{USAGE}", self.0)
    }
}

impl std::error::Error for BadArgument {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, BadArgument> {
        Command::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_say_what_to_do() {
        let call = |json| Ok(Command::Call { id: "0199".into(), json });
        let calls = |limit, json| Ok(Command::Calls { limit, json });
        assert_eq!((parse(""), parse("agent")), (Ok(Command::Serve), Ok(Command::Agent)));
        assert_eq!((parse("calls"), parse("calls --json --limit 3")), (calls(LIMIT, false), calls(3, true)));
        assert_eq!((parse("call 0199"), parse("call --json 0199")), (call(false), call(true)));
        assert_eq!((parse("help"), parse("--help")), (Ok(Command::Help), Ok(Command::Help)));
    }

    #[test]
    fn what_has_no_meaning_is_named() {
        for (line, named) in [
            ("serve", "serve"),
            ("agent smith", "smith"),
            ("calls --limit", "--limit "),
            ("calls --limit -1", "--limit -1"),
            ("calls 5", "5"),
            ("call", "without an id"),
            ("call one two", "two"),
            ("call --jsom", "--jsom"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.starts_with("not understood: ") && error.contains(named), "{error}");
        }
    }
}
