use url::Url;

use super::{Person, Town};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Who asks.
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl Town {
    pub(crate) async fn registers(&self, name: &str) -> Token {
        let body = format!(r#"{{"name":"{name}","password":"{PASSWORD}"}}"#);
        ask(&self.common.urls.users, "POST", "/v1/accounts", None, &body).await;
        let body = format!(r#"{{"grant_type":"password","name":"{name}","password":"{PASSWORD}"}}"#);
        self.token(&body).await
    }

    pub(crate) async fn guest(&self, nick: &str) -> Token {
        self.token(&format!(r#"{{"grant_type":"guest","nick":"{nick}"}}"#)).await
    }

    async fn token(&self, grant: &str) -> Token {
        let answer = ask(&self.common.urls.users, "POST", "/v1/tokens", None, grant).await;
        let (_, rest) = answer.split_once(r#""access_token":""#).unwrap_or_else(|| panic!("{answer}"));
        Token(rest.split('"').next().expect("a token").to_owned())
    }

    /// Asks user-service.
    pub(crate) async fn users_of(&self, who: &Token, method: &str, path: &str, body: &str) -> String {
        ask(&self.common.urls.users, method, path, Some(who), body).await
    }

    /// Asks channel-service.
    pub(crate) async fn rules(&self, who: &Token, method: &str, path: &str, body: &str) -> String {
        ask(&self.common.urls.channels, method, path, Some(who), body).await
    }

    /// Asks user-service.
    pub(crate) async fn people(&self, who: &Token, method: &str, path: &str, body: &str) -> String {
        ask(&self.common.urls.users, method, path, Some(who), body).await
    }

    /// Asks message-service.
    pub(crate) async fn messages(&self, who: &Token, method: &str, path: &str, body: &str) -> String {
        ask(&self.common.urls.messages, method, path, Some(who), body).await
    }
}

/// One request; gives all of the answer.
async fn ask(base: &Url, method: &str, path: &str, who: Option<&Token>, body: &str) -> String {
    let address = base.socket_addrs(|| None).expect("it is an address")[0];
    let mut http = Person::connect(address).await;
    let bearer = who.map(|Token(token)| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{bearer}");
    let length = body.len();
    let kind = "content-type: application/json";
    http.raw(format!("{head}{kind}\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes()).await;
    let answer = String::from_utf8_lossy(&http.ends_with_bytes().await).into_owned();
    assert!(answer.starts_with("HTTP/1.1 2"), "{method} {path} {body}: {answer}");
    answer
}
