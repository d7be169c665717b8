//! Which known name did the caller mean?

/// Below this likeness a suggestion misleads more than it helps.
const ALIKE: f64 = 0.72;

/// The known name closest to `name`: one that contains it, is contained in it or is one slip
/// away, else one spelled alike.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let likeness = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let part = name.len() > 1 && (candidate.contains(&name) || name.contains(&candidate));
        let slip = strsim::osa_distance(&name, &candidate) == 1;
        strsim::jaro_winkler(&name, &candidate) + if part || slip { 0.5 } else { 0.0 }
    };
    let best = known.into_iter().map(|candidate| (likeness(candidate), candidate)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, candidate)| candidate)
}

/// A sentence that offers the closest known name, with a space before it; empty when none is close.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(name, known).map_or_else(String::new, |closest| format!(" Did you mean {closest:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_was_meant_is_offered_and_nonsense_gets_none() {
        let known = ["pid", "since_timestamp", "until_timestamp", "event_type", "limit"];
        let meant = |name: &str, closest_name| assert_eq!(closest(name, known), closest_name, "{name}");
        meant("since", Some("since_timestamp"));
        meant("until_timestmp", Some("until_timestamp"));
        meant("eventType", Some("event_type"));
        meant("type", Some("event_type"));
        meant("PIDs", Some("pid"));
        meant("lmit", Some("limit"));
        meant("pdi", Some("pid"));
        meant("qqq", None);
    }
}
