//! A module uses lower floors only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::{crate_folder, sources};

/// The rooms, from the ground up. A module uses its own room and lower floors only, and rooms of
/// one floor do not depend on each other in a circle. `adapters` is above all of them: the compiler
/// keeps it there.
const FLOORS: [&[&str]; 9] = [
    &["base"],
    &["jwt", "oauth"],
    &["settings"],
    &["upstream"],
    &["config", "error"],
    &["log"],
    &["grants", "tokens"],
    &["callers"],
    &["http"],
];

/// Each room with the rooms that it uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The rooms of `src`, from the `crate::room` paths in their files.
fn uses_of_sources() -> Uses {
    let lib = fs::read_to_string(crate_folder("src/lib.rs")).unwrap();
    let rooms = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    rooms
        .filter(|room| *room != "adapters")
        .map(|room| {
            let files = files_of(room);
            assert!(!files.is_empty(), "{room} has no file");
            let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
            (room.to_owned(), texts.flat_map(|text| used_rooms(&text)).collect())
        })
        .collect()
}

/// The files of a room: a file, or a folder.
fn files_of(room: &str) -> Vec<PathBuf> {
    let folder = crate_folder("src").join(room);
    let file = folder.with_extension("rs");
    if folder.is_dir() {
        sources(&folder, "rs")
    } else {
        file.is_file().then_some(file).into_iter().collect()
    }
}

/// The rooms that `source` names in paths of the crate.
fn used_rooms(source: &str) -> BTreeSet<String> {
    assert!(!source.contains("crate::{"), "one room a line, so that this test sees it");
    let paths = source.split("crate::").skip(1);
    let room = |rest: &str| rest.split(|c: char| !c.is_ascii_lowercase()).next().map(str::to_owned);
    paths.filter_map(room).filter(|room| !room.is_empty()).collect()
}

/// What breaks the order of `floors`: an arrow upwards, a circle on a floor, a room without one.
fn faults(floors: &[&[&str]], uses: &Uses) -> Vec<String> {
    let floor_of = |room: &str| floors.iter().position(|floor| floor.contains(&room));
    let mut faults = Vec::new();
    for (room, used) in uses {
        let Some(floor) = floor_of(room) else {
            faults.push(format!("{room} has no floor"));
            continue;
        };
        for used in used.iter().filter(|used| *used != room) {
            match floor_of(used) {
                Some(other) if other > floor => {
                    faults.push(format!("{room} uses {used}, above it"));
                }
                None => faults.push(format!("{room} uses {used}, which has no floor")),
                Some(_) => {}
            }
            if reaches(uses, used, room, &mut BTreeSet::new()) {
                faults.push(format!("{room} and {used} form a circle"));
            }
        }
    }
    faults
}

/// Whether `from` uses `to`, itself or through others.
fn reaches(uses: &Uses, from: &str, to: &str, seen: &mut BTreeSet<String>) -> bool {
    from == to
        || (seen.insert(from.to_owned())
            && uses.get(from).into_iter().flatten().any(|next| reaches(uses, next, to, seen)))
}

#[test]
fn rooms_use_lower_floors_only() {
    assert_eq!(faults(&FLOORS, &uses_of_sources()), Vec::<String>::new());
}

#[test]
fn an_arrow_upwards_and_a_circle_are_faults() {
    let floors: [&[&str]; 2] = [&["ground", "garden"], &["first"]];
    let faults_of = |sources: &[(&str, &str)]| {
        let uses = sources.iter().map(|(room, text)| ((*room).to_owned(), used_rooms(text)));
        faults(&floors, &uses.collect())
    };
    let fine =
        [("ground", "use crate::garden::A;"), ("garden", ""), ("first", "crate::ground::b()")];
    assert_eq!(faults_of(&fine), Vec::<String>::new());
    let upwards = [("ground", ""), ("garden", "use crate::first::A;"), ("first", "")];
    assert_eq!(faults_of(&upwards), ["garden uses first, above it"]);
    let circle = [("ground", "use crate::garden::A;"), ("garden", "use crate::ground::B;")];
    assert_eq!(
        faults_of(&circle),
        ["garden and ground form a circle", "ground and garden form a circle"]
    );
    assert_eq!(faults_of(&[("attic", "")]), ["attic has no floor"]);
}
