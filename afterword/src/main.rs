//! The `afterword` program.

use std::process::ExitCode;

use afterword::commands::Arguments;
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    kit::authn::install_crypto();
    kit::process::exit("afterword", Arguments::parse().run().await)
}
