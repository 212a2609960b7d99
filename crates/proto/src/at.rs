/// A moment, in microseconds since 1970 (UTC), as every protocol here writes it. Only writes: the rules about time are
/// elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(pub i64);

/// 9999-12-31T23:59:59.999Z: RFC 3339 has four digits for the year.
const LATEST: i64 = 253_402_300_799_999;
const MS_A_DAY: u64 = 86_400_000;

impl At {
    /// RFC 3339 UTC with milliseconds: `2026-07-03T12:04:05.678Z`.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.rfc_3339());
    }

    pub(crate) fn rfc_3339(self) -> [u8; 24] {
        let ms = self.millis();
        let (year, month, day) = date(ms / MS_A_DAY);
        let of_day = ms % MS_A_DAY;
        let mut text = *b"0000-00-00T00:00:00.000Z";
        digits(&mut text[..4], year);
        digits(&mut text[5..7], month);
        digits(&mut text[8..10], day);
        digits(&mut text[11..13], of_day / 3_600_000);
        digits(&mut text[14..16], of_day / 60_000 % 60);
        digits(&mut text[17..19], of_day / 1000 % 60);
        digits(&mut text[20..23], of_day % 1000);
        text
    }

    /// `12:04`, in UTC: nobody told the server where the reader lives.
    pub(crate) fn write_clock(self, out: &mut Vec<u8>) {
        let of_day = self.millis() % MS_A_DAY;
        let mut text = *b"00:00";
        digits(&mut text[..2], of_day / 3_600_000);
        digits(&mut text[3..], of_day / 60_000 % 60);
        out.extend_from_slice(&text);
    }

    fn millis(self) -> u64 {
        self.0.div_euclid(1000).clamp(0, LATEST).unsigned_abs()
    }
}

fn digits(out: &mut [u8], mut number: u64) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Year, month and day of a day counted from 1970-01-01. Howard Hinnant's `civil_from_days`
/// (howardhinnant.github.io/date_algorithms.html), for days after 1970 only: years begin in March, so that the leap day
/// is the last.
fn date(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::At;

    fn written(seconds: i64) -> String {
        let mut out = Vec::new();
        At(seconds * 1_000_000 + 678_900).write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_moments_are_written_as_rfc_3339() {
        assert_eq!(written(0), "1970-01-01T00:00:00.678Z");
        assert_eq!(written(951_827_696), "2000-02-29T12:34:56.678Z");
        assert_eq!(written(1_709_251_199), "2024-02-29T23:59:59.678Z");
        assert_eq!(written(1_735_689_599), "2024-12-31T23:59:59.678Z");
        assert_eq!(written(4_107_542_400), "2100-03-01T00:00:00.678Z");
    }

    #[test]
    fn moments_that_four_digits_cannot_say_are_clamped() {
        assert_eq!(written(-5), "1970-01-01T00:00:00.000Z");
        assert_eq!(written(9_000_000_000_000), "9999-12-31T23:59:59.999Z");
    }
}
