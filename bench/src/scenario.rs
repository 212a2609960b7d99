use anyhow::Context as _;

/// Who talks where, and how much at once.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) channels: usize,
    pub(crate) members: usize,
    /// Of each channel.
    pub(crate) senders: usize,
    /// Messages that a sender keeps outstanding.
    pub(crate) window: u64,
    /// Sent by the clock and not by the answers.
    pub(crate) rate: Option<Rate>,
}

/// Messages a second of all senders together.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rate {
    Fixed(f64),
    /// Twice what the server took in the scenario of that name, in this run.
    Twice(&'static str),
}

/// In every fan-out a message is outstanding until it is acknowledged and one other member has it.
static SCENARIOS: [Scenario; 8] = [
    Scenario { name: "sends-1", channels: 1, members: 1, senders: 1, window: 64, rate: None },
    Scenario { name: "sends-64", channels: 64, members: 1, senders: 1, window: 8, rate: None },
    Scenario { name: "1x100", channels: 1, members: 100, senders: 1, window: 32, rate: None },
    Scenario { name: "10x50", channels: 10, members: 50, senders: 5, window: 8, rate: None },
    Scenario { name: "1x1000", channels: 1, members: 1000, senders: 1, window: 8, rate: None },
    Scenario { name: "500x4", channels: 500, members: 4, senders: 1, window: 4, rate: None },
    Scenario {
        name: "rate",
        channels: 10,
        members: 50,
        senders: 1,
        window: 0,
        rate: Some(Rate::Fixed(500.0)),
    },
    Scenario {
        name: "twice",
        channels: 500,
        members: 4,
        senders: 1,
        window: 0,
        rate: Some(Rate::Twice("500x4")),
    },
];

impl Scenario {
    /// Those of these names; all if there are none.
    pub(crate) fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Self>> {
        if names.is_empty() {
            return Ok(SCENARIOS.iter().collect());
        }
        let find = |name: &String| {
            let known = || SCENARIOS.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
            let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
            found.with_context(|| format!("there is no scenario {name}, but {}", known()))
        };
        names.iter().map(find).collect()
    }

    pub(crate) fn people(&self) -> usize {
        self.channels * self.members
    }

    pub(crate) fn what(&self) -> String {
        let Self { channels, members, senders, window, rate, .. } = self;
        let load = match rate {
            Some(Rate::Fixed(rate)) => format!("{rate} messages/s in all"),
            Some(Rate::Twice(of)) => format!("twice the messages/s that {of} came to"),
            None => format!("{window} in flight"),
        };
        format!("{channels} channels of {members}, {senders} senders each, {load}")
    }
}
