//! What /proc says; nothing elsewhere.

/// Linux counts CPU time for programs in hundredths of a second.
const TICKS: f64 = 100.0;

/// CPU seconds that these processes have used so far.
pub(crate) fn cpu_seconds(processes: &[u32]) -> Option<f64> {
    let each = |process: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, in brackets, may hold anything.
        let fields: Vec<&str> = stat[stat.rfind(')')? + 2..].split(' ').collect();
        let (user, system): (f64, f64) = (fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?);
        Some((user + system) / TICKS)
    };
    if processes.is_empty() { None } else { processes.iter().map(each).sum() }
}

/// Resident bytes of these processes.
pub(crate) fn resident(processes: &[u32]) -> Option<u64> {
    let each = |process: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    };
    if processes.is_empty() { None } else { processes.iter().map(each).sum() }
}

/// The processor's name and how many of it there are.
pub(crate) fn processor() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    format!("{cores} cores, {}", name.map_or("of an unknown kind", |(_, name)| name.trim()))
}
