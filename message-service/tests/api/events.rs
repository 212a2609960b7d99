use reqwest::RequestBuilder;
use serde_json::Value;

use crate::town::PATIENCE;

/// A stream of server-sent events being read.
pub(crate) struct Events {
    response: reqwest::Response,
    text: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

impl Events {
    pub(crate) async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event; none when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("an event in time")
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            while let Some((frame, rest)) = self.text.split_once("\n\n") {
                let event = parse(frame);
                self.text = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    pub(crate) async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..count {
            let event = self.next().await.expect("the stream goes on");
            texts.push(event.data["text"].as_str().unwrap_or_default().to_owned());
        }
        texts
    }
}

/// Comments are none.
fn parse(frame: &str) -> Option<Event> {
    let field = |name: &str| {
        let prefix = format!("{name}: ");
        frame.lines().find_map(|line| line.strip_prefix(prefix.as_str())).map(str::to_owned)
    };
    let data = field("data")?;
    Some(Event {
        id: field("id").unwrap_or_default(),
        kind: field("event").unwrap_or_default(),
        data: serde_json::from_str(&data).unwrap(),
    })
}
