//! The `afterword` program.

use std::process::ExitCode;

use afterword::commands::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    kit::authn::install_crypto();
    kit::process::exit("afterword", kit::process::arguments::<Arguments>().run().await)
}
