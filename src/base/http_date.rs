//! Dates in HTTP (RFC 9110 §5.6.7).

use crate::base::time::UnixMillis;

/// From Thursday on, the weekday of the first of January 1970.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// From March on, with their numbers: the leap day is then the last day of a year.
const MONTHS: [(&str, &str); 12] = [
    ("Mar", "03"),
    ("Apr", "04"),
    ("May", "05"),
    ("Jun", "06"),
    ("Jul", "07"),
    ("Aug", "08"),
    ("Sep", "09"),
    ("Oct", "10"),
    ("Nov", "11"),
    ("Dec", "12"),
    ("Jan", "01"),
    ("Feb", "02"),
];

/// The instant that `text` says, in one of the three forms that a recipient must accept. `None` for
/// anything else, and before 1970.
#[must_use]
pub fn parse(text: &str) -> Option<UnixMillis> {
    let parts: Vec<&str> = text.split(' ').filter(|part| !part.is_empty()).collect();
    let (weekday, day, month, year, time) = match parts[..] {
        // `Sun, 06 Nov 1994 08:49:37 GMT`
        [weekday, day, month, year, time, "GMT"] => (weekday, day, month, year, time),
        // `Sunday, 06-Nov-94 08:49:37 GMT`
        [weekday, date, time, "GMT"] => {
            let (day, date) = date.split_once('-')?;
            let (month, year) = date.split_once('-')?;
            (weekday, day, month, year, time)
        }
        // `Sun Nov  6 08:49:37 1994`
        [weekday, name, number, clock, year] => (weekday, number, name, year, clock),
        _ => return None,
    };
    let century = match year.len() {
        2 if year < "70" => "20",
        2 => "19",
        _ => "",
    };
    let year = [century, year].concat();
    let (_, month) = MONTHS.iter().find(|(name, _)| *name == month)?;
    let zero = if day.len() == 1 { "0" } else { "" };
    let [h, hh, b':', m, mm, b':', s, ss] = *time.as_bytes() else { return None };
    if !WEEKDAYS.contains(&weekday.get(..3)?) || *year < *"1970" {
        return None;
    }
    let date = [&year, *month, zero, day].concat();
    UnixMillis::of_digits(&[date.as_bytes(), &[h, hh, m, mm, s, ss]].concat())
}

/// `at` as a date, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn text_of(at: UnixMillis) -> String {
    let secs = at.0 / 1000;
    let days = secs / (24 * 60 * 60);
    let (year, month, day) = at.date();
    let named = |names: &[&'static str], at: u64| {
        usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
    };
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        named(&WEEKDAYS, days % 7),
        named(&MONTHS.map(|(name, _)| name), month),
        secs / (60 * 60) % 24,
        secs / 60 % 60,
        secs % 60,
    )
}
