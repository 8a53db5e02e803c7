//! The server's entry.

use frontdesk::server::{self, command::Command};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    server::run(Command::parse(std::env::args().skip(1))?).await
}
