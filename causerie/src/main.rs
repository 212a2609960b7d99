use std::process::ExitCode;

fn main() -> ExitCode {
    causerie::main()
}
