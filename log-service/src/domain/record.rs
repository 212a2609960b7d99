use api::{
    Timestamp,
    logs::{Level, LogRecord, MAX_LOG_MESSAGE_BYTES},
};

use super::{Invalid, checked_name, checked_trace_id};

/// Bytes of a service's or an instance's name: the longest of ours is a dozen, a container's id 64.
pub const MAX_NAME_BYTES: usize = 64;
/// Bytes of one record's fields as JSON. Larger ones are left out, and the record says so: one of a thousand records must not
/// have the whole batch refused.
pub const MAX_FIELDS_BYTES: usize = 16 * 1024;
/// What a row costs beside its texts (numbers, indexes, page overhead), roughly as measured in SQLite.
const ROW_BYTES: usize = 150;

/// A record that may be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRecord {
    pub at: Timestamp,
    pub service: String,
    pub instance: String,
    pub level: Level,
    pub message: String,
    /// A JSON object.
    pub fields: String,
    pub trace_id: Option<String>,
}

impl NewRecord {
    /// What it counts for in retention by size.
    pub fn bytes(&self) -> i32 {
        let texts = [&self.service, &self.instance, &self.message, &self.fields];
        let trace = self.trace_id.as_ref().map_or(0, String::len);
        let bytes = texts.iter().map(|text| text.len()).sum::<usize>() + trace + ROW_BYTES;
        i32::try_from(bytes).unwrap_or(i32::MAX)
    }
}

impl TryFrom<LogRecord> for NewRecord {
    type Error = Invalid;

    fn try_from(record: LogRecord) -> Result<Self, Invalid> {
        if record.message.len() > MAX_LOG_MESSAGE_BYTES {
            return Err(Invalid::new("message", format!("longer than {MAX_LOG_MESSAGE_BYTES} bytes")));
        }
        let mut fields = serde_json::Value::Object(record.fields).to_string();
        if fields.len() > MAX_FIELDS_BYTES {
            fields = serde_json::json!({ "left_out_bytes": fields.len() }).to_string();
        }
        Ok(Self {
            at: record.at,
            service: checked_name("service", record.service)?,
            instance: checked_name("instance", record.instance)?,
            level: record.level,
            // PostgreSQL stores no NUL. Every other character is data: it is JSON on every way out. (Fields are JSON already.)
            message: record.message.replace('\0', "\u{fffd}"),
            fields,
            trace_id: record.trace_id.map(checked_trace_id).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> LogRecord {
        LogRecord {
            at: Timestamp(1),
            service: "users".into(),
            instance: "1".into(),
            level: Level::Info,
            message: "started".into(),
            fields: serde_json::Map::new(),
            trace_id: None,
        }
    }

    fn refused(record: LogRecord) -> Option<&'static str> {
        NewRecord::try_from(record).err().map(|invalid| invalid.field)
    }

    #[test]
    fn a_message_may_be_as_long_as_the_limit_and_no_longer() {
        let message =
            |bytes| LogRecord { message: "é".repeat(bytes / 2) + &"x".repeat(bytes % 2), ..record() };
        assert_eq!(refused(message(MAX_LOG_MESSAGE_BYTES)), None);
        assert_eq!(refused(message(MAX_LOG_MESSAGE_BYTES + 1)), Some("message"));
    }

    #[test]
    fn fields_longer_than_the_limit_are_left_out() {
        let stored = |bytes: usize| {
            let value = "x".repeat(bytes - r#"{"k":""}"#.len());
            let fields = [("k".to_owned(), value.into())].into_iter().collect();
            NewRecord::try_from(LogRecord { fields, ..record() }).unwrap().fields
        };
        assert_eq!(stored(MAX_FIELDS_BYTES).len(), MAX_FIELDS_BYTES);
        assert_eq!(stored(MAX_FIELDS_BYTES + 1), r#"{"left_out_bytes":16385}"#);
    }

    #[test]
    fn names_are_short_and_plain() {
        let service = |service: &str| LogRecord { service: service.into(), ..record() };
        assert_eq!(refused(service(&"x".repeat(MAX_NAME_BYTES))), None);
        for bad in ["", "a\nb", "a\0", &"x".repeat(MAX_NAME_BYTES + 1)] {
            assert_eq!(refused(service(bad)), Some("service"), "{bad:?}");
            assert_eq!(refused(LogRecord { instance: bad.into(), ..record() }), Some("instance"), "{bad:?}");
        }
    }

    #[test]
    fn a_trace_id_is_32_hexadecimal_digits() {
        let traced = |id: &str| LogRecord { trace_id: Some(id.into()), ..record() };
        assert_eq!(refused(traced("4bf92f3577b34da6a3ce929d0e0e4736")), None);
        for bad in
            ["", "4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e47360", "' or 1=1 --"]
        {
            assert_eq!(refused(traced(bad)), Some("trace_id"), "{bad}");
        }
    }

    #[test]
    fn a_nul_is_replaced_and_nothing_else() {
        let stored =
            NewRecord::try_from(LogRecord { message: "a\0\r\n\u{1b}[2J\u{202e}b".into(), ..record() });
        assert_eq!(stored.unwrap().message, "a\u{fffd}\r\n\u{1b}[2J\u{202e}b");
    }
}
