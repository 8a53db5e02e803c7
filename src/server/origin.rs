//! Which web pages may call us: the Origin check, and the CORS answers of the pages that may.
//!
//! A request without an `Origin` comes from no web page of another site; it passes.

use std::{fmt, str::FromStr};

use axum::http::{HeaderMap, HeaderValue, header};

/// A browser's answer to a preflight may be kept for so long, in seconds; Chromium keeps none longer than 7,200.
const PREFLIGHT_MAX_AGE_S: &str = "7200";

/// The foreign origins that may ask for calls; our own always may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<HeaderValue>);

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Our own page, or no web page at all.
    Own,
    /// A page of another site that may; the value for `Access-Control-Allow-Origin`.
    Allowed(HeaderValue),
    /// A page of another site that may not.
    Foreign,
}

impl AllowedOrigins {
    /// Says where a request with these headers comes from.
    pub fn caller(&self, headers: &HeaderMap) -> Caller {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return Caller::Own };
        // Browsers send one.
        if origins.next().is_some() {
            return Caller::Foreign;
        }
        if self.0.contains(origin) {
            return Caller::Allowed(origin.clone());
        }
        let text = origin.as_bytes();
        let authority = text.strip_prefix(b"https://").or_else(|| text.strip_prefix(b"http://"));
        let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
        if authority.is_some() && authority == host { Caller::Own } else { Caller::Foreign }
    }

    /// The origins, as the `frame-ancestors` of a Content-Security-Policy lists them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|origin| origin.to_str().ok())
    }
}

impl Caller {
    /// Adds what the caller's browser needs to let its page read the answer.
    pub fn allow(&self, headers: &mut HeaderMap) {
        if let Self::Allowed(origin) = self {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::VARY, HeaderValue::from_static("origin"));
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
        }
    }

    /// The headers that answer a preflight; none for a foreign caller.
    pub fn preflight(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
        if let Self::Allowed(_) = self {
            self.allow(&mut headers);
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_MAX_AGE_S));
        }
        headers
    }
}

impl FromStr for AllowedOrigins {
    type Err = BadOrigin;

    /// Reads origins divided by commas, as browsers write them: `https://www.example.com, https://example.org:8443`.
    fn from_str(list: &str) -> Result<Self, BadOrigin> {
        list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(origin).collect::<Result<_, _>>().map(Self)
    }
}

fn origin(text: &str) -> Result<HeaderValue, BadOrigin> {
    let bad = || BadOrigin(text.to_owned());
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(bad)?;
    let clean = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b);
    if authority.is_empty() || !authority.bytes().all(clean) {
        return Err(bad());
    }
    HeaderValue::from_str(text).map_err(|_| bad())
}

/// A text that is no origin.
#[derive(Debug, PartialEq, Eq)]
pub struct BadOrigin(String);

impl fmt::Display for BadOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no origin such as https://www.example.com, in lower case and without a path", self.0)
    }
}

impl std::error::Error for BadOrigin {}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("desk.example:3000"))]);
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn our_own_pages_and_programs_pass() {
        let origins = AllowedOrigins::default();
        assert_eq!(origins.caller(&from(None)), Caller::Own);
        assert_eq!(origins.caller(&from(Some("http://desk.example:3000"))), Caller::Own);
    }

    #[test]
    fn other_pages_pass_only_when_named() {
        let origins: AllowedOrigins = "https://shop.example".parse().unwrap();
        assert_eq!(
            origins.caller(&from(Some("https://shop.example"))),
            Caller::Allowed("https://shop.example".parse().unwrap())
        );
        for foreign in [
            "https://evil.example",
            "null",
            "http://desk.example",
            "https://shop.example.evil.example",
            "",
            "evil/x/desk.example:3000/evil",
            "chrome-extension://desk.example:3000",
        ] {
            assert_eq!(origins.caller(&from(Some(foreign))), Caller::Foreign, "{foreign}");
        }
    }

    #[test]
    fn a_foreign_preflight_gets_no_permission() {
        assert_eq!(Caller::Foreign.preflight().get(header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
    }

    #[test]
    fn origins_are_checked_when_read() {
        for bad in ["*", "shop.example", "https://shop.example/", "https://Shop.example", "https://a;script-src *"] {
            assert_eq!(bad.parse::<AllowedOrigins>(), Err(BadOrigin(bad.to_owned())), "{bad}");
        }
    }
}
