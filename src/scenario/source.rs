//! From files to one merged tree of values, each of which remembers where it was written.
//!
//! Owns reading, `extends`, merging and places. Does not know what a scenario means.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use toml_edit::Document;

use crate::problem::{FieldPath, nearest};
use crate::scenario::walk::Walk;

/// The largest scenario file, in bytes.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The deepest chain of `extends`.
pub const EXTENDS_LEVELS_MAX: usize = 16;
/// Entries of a folder that are looked through for a file with a name like one that is absent.
const NEAR_FILES_MAX: usize = 1_000;
/// The deepest nesting of values.
pub const NESTING_MAX: usize = 64;

/// A text that values were read from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name as shown to people: relative to the scenario's folder, or `--set`.
    pub name: String,
    /// The text.
    pub text: Arc<str>,
}

/// Where a value or key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Index into [`Sources::files`].
    pub file: usize,
    /// Bytes of the text.
    pub span: std::ops::Range<usize>,
}

/// The files read, in order of reading: the scenario first, then what it extends.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The texts.
    pub files: Vec<Source>,
    places: BTreeMap<FieldPath, Place>,
    keys: BTreeMap<FieldPath, Place>,
}

impl Sources {
    /// A single text without known places.
    pub fn of_one(source: Source) -> Self {
        Self {
            files: vec![source],
            ..Self::default()
        }
    }
    /// Notes that a field, with all below it, now comes from another text, such as a `--set`.
    pub fn overwrite(&mut self, path: &FieldPath, name: &str, text: &str, span: std::ops::Range<usize>) {
        self.forget(path);
        let file = self.files.len();
        self.files.push(Source {
            name: name.to_owned(),
            text: text.into(),
        });
        self.places.insert(path.clone(), Place { file, span });
    }
    fn forget(&mut self, at: &FieldPath) {
        let below = |path: &FieldPath| path.segments().starts_with(at.segments());
        self.places.retain(|path, _| !below(path));
        self.keys.retain(|path, _| !below(path));
    }
    /// Where a field is written; for one that is not, the nearest thing that holds it.
    pub fn place(&self, path: &FieldPath) -> Option<&Place> {
        let mut at = Some(path.clone());
        while let Some(path) = at {
            if let Some(place) = self.places.get(&path) {
                return Some(place);
            }
            at = path.parent();
        }
        None
    }
    /// Whether a field, or a value that holds it, is written out rather than left to its default.
    pub fn is_written(&self, path: &FieldPath) -> bool {
        self.places.contains_key(path)
    }
    /// Where the key of a field is written, for complaints about the key itself.
    pub fn key_place(&self, path: &FieldPath) -> Option<&Place> {
        self.keys.get(path).or_else(|| self.place(path))
    }
    /// Line and column, both from 1, of a byte of a file.
    pub fn line_column(&self, place: &Place) -> (usize, usize) {
        let text = &self.files[place.file].text;
        let before = &text[..floor_char(text, place.span.start)];
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        (line, column)
    }
}

fn floor_char(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Why a scenario could not even be read as a tree.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file is absent or unreadable.
    #[error("cannot read `{name}`: {reason}")]
    Read {
        /// The file as named by the user.
        name: String,
        /// The system's reason.
        reason: String,
        /// Whether the file exists, so that reading it failed rather than naming it.
        present: bool,
        /// A file beside it that may be meant.
        near: Option<String>,
    },
    /// A file is no TOML.
    #[error("{message}")]
    Syntax {
        /// What the parser says.
        message: String,
        /// The text.
        source_text: Source,
        /// Where.
        span: std::ops::Range<usize>,
    },
    /// A value that the language does not have, or a rule of `extends` that is broken.
    #[error("{message}")]
    Refused {
        /// What is wrong.
        message: String,
        /// The text.
        source_text: Source,
        /// Where.
        span: std::ops::Range<usize>,
        /// A next step.
        help: Option<String>,
    },
}

/// Reads a scenario file and everything it extends.
pub fn read_file(path: &Path) -> Result<(Value, Sources), SourceError> {
    let shown = path.display().to_string();
    let canonical = path.canonicalize().map_err(|e| {
        let mut error = read_error(&shown, &e);
        if let SourceError::Read { near, .. } = &mut error
            && e.kind() == std::io::ErrorKind::NotFound
        {
            *near = near_file(path);
        }
        error
    })?;
    let folder = canonical.parent().map(Path::to_path_buf).unwrap_or_default();
    let mut reader = Reader {
        folder,
        sources: Sources::default(),
        chain: Vec::new(),
    };
    let value = reader.file(&canonical, &shown)?;
    Ok((value, reader.sources))
}

/// Reads a scenario from a text that is compiled in or piped in; such a text can extend nothing.
pub fn read_text(name: &str, text: &str) -> Result<(Value, Sources), SourceError> {
    let mut reader = Reader {
        folder: PathBuf::new(),
        sources: Sources::default(),
        chain: Vec::new(),
    };
    let value = reader.text(name, &text.into())?;
    Ok((value, reader.sources))
}

fn read_error(name: &str, error: &std::io::Error) -> SourceError {
    use std::io::ErrorKind::{InvalidData, InvalidInput, IsADirectory, NotADirectory, NotFound};
    // Absent, no file, or no text: the user named the wrong thing. Anything else is the system's refusal.
    let wrong = [NotFound, NotADirectory, IsADirectory, InvalidData, InvalidInput];
    let present = !wrong.contains(&error.kind());
    SourceError::Read {
        name: name.to_owned(),
        reason: error.to_string(),
        present,
        near: None,
    }
}

/// The scenario beside an absent file whose name is nearest to its.
fn near_file(path: &Path) -> Option<String> {
    let given = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let names = entries
        .take(NEAR_FILES_MAX)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "toml"))
        .collect();
    names.sort_unstable();
    let near = nearest(given, names.iter().map(String::as_str))?;
    Some(folder.map_or_else(
        || near.to_owned(),
        |folder| folder.join(near).display().to_string(),
    ))
}

struct Reader {
    folder: PathBuf,
    sources: Sources,
    chain: Vec<PathBuf>,
}

impl Reader {
    fn file(&mut self, canonical: &Path, shown: &str) -> Result<Value, SourceError> {
        let mut text = String::new();
        let file = open_regular(canonical).map_err(|e| read_error(shown, &e))?;
        file.take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .map_err(|e| read_error(shown, &e))?;
        if text.len() as u64 > FILE_BYTES_MAX {
            let reason = format!("it is larger than {} MiB", FILE_BYTES_MAX >> 20);
            return Err(SourceError::Read {
                name: shown.to_owned(),
                reason,
                present: false,
                near: None,
            });
        }
        self.chain.push(canonical.to_path_buf());
        let value = self.text(shown, &text.into());
        self.chain.pop();
        value
    }

    fn text(&mut self, shown: &str, text: &Arc<str>) -> Result<Value, SourceError> {
        let source = Source {
            name: shown.to_owned(),
            text: Arc::clone(text),
        };
        let document = Document::parse(text.to_string()).map_err(|e| SourceError::Syntax {
            message: e.message().to_owned(),
            source_text: source.clone(),
            span: e.span().unwrap_or(0..0),
        })?;
        let file = self.sources.files.len();
        self.sources.files.push(source.clone());
        let mut walk = Walk {
            source: &source,
            file,
            places: BTreeMap::new(),
            keys: BTreeMap::new(),
            depth: 0,
        };
        let mut value = Value::Object(walk.table(document.as_table(), &FieldPath::root())?);
        let (places, keys) = (walk.places, walk.keys);
        if let Some(base) = self.base(&mut value, &source, &places)? {
            value = self.merge(base, value, &places, &keys);
        } else {
            self.sources.places.extend(places);
            self.sources.keys.extend(keys);
        }
        Ok(value)
    }

    /// Takes `extends` out of a tree and reads what it names.
    fn base(
        &mut self,
        value: &mut Value,
        source: &Source,
        places: &BTreeMap<FieldPath, Place>,
    ) -> Result<Option<Value>, SourceError> {
        let Some(extends) = value
            .as_object_mut()
            .and_then(|table| table.shift_remove("extends"))
        else {
            return Ok(None);
        };
        let span = places
            .get(&FieldPath::root().key("extends"))
            .map_or(0..0, |p| p.span.clone());
        let refuse = |message: String, help: &str| SourceError::Refused {
            message,
            source_text: source.clone(),
            span: span.clone(),
            help: Some(help.to_owned()),
        };
        let Some(name) = extends.as_str() else {
            return Err(refuse(
                "`extends` must be a text".into(),
                "name a scenario file beside this one",
            ));
        };
        if self.chain.is_empty() {
            return Err(refuse(
                "this text cannot extend a file".into(),
                "save it as a file first",
            ));
        }
        if self.chain.len() >= EXTENDS_LEVELS_MAX {
            return Err(refuse(
                format!("more than {EXTENDS_LEVELS_MAX} levels of `extends`"),
                "flatten the family",
            ));
        }
        let path = inside(&self.folder, name).map_err(|message| {
            refuse(
                message,
                "paths resolve inside the scenario's own folder; write it relative, without `..`",
            )
        })?;
        if self.chain.contains(&path) {
            return Err(refuse(
                format!("`extends` runs in a circle through `{name}`"),
                "break the circle",
            ));
        }
        self.file(&path, name).map(Some)
    }

    /// Lays `over` on `base`: tables merge key by key, arrays of tables with `id` by id, everything else is
    /// replaced. Places of what `over` says win.
    fn merge(
        &mut self,
        base: Value,
        over: Value,
        places: &BTreeMap<FieldPath, Place>,
        keys: &BTreeMap<FieldPath, Place>,
    ) -> Value {
        let mut laid = Laid {
            sources: &mut self.sources,
            places,
            keys,
        };
        laid.merge(base, over, &FieldPath::root(), &FieldPath::root())
    }
}

struct Laid<'a> {
    sources: &'a mut Sources,
    places: &'a BTreeMap<FieldPath, Place>,
    keys: &'a BTreeMap<FieldPath, Place>,
}

impl Laid<'_> {
    fn merge(&mut self, base: Value, over: Value, at: &FieldPath, from: &FieldPath) -> Value {
        match (base, over) {
            (Value::Object(mut base), Value::Object(over)) => {
                for (key, value) in over {
                    let (at, from) = (at.key(&key), from.key(&key));
                    // A key keeps its place: the first price of a file stays the first.
                    let merged = match base.get_mut(&key).map(std::mem::take) {
                        Some(old) => self.merge(old, value, &at, &from),
                        None => self.take(value, &at, &from),
                    };
                    base.insert(key, merged);
                }
                Value::Object(base)
            }
            (Value::Array(base), Value::Array(over)) if have_ids(&base) && have_ids(&over) => {
                self.merge_by_id(base, over, at, from)
            }
            (_, over) => {
                self.sources.forget(at);
                self.take(over, at, from)
            }
        }
    }

    fn merge_by_id(
        &mut self,
        mut base: Vec<Value>,
        over: Vec<Value>,
        at: &FieldPath,
        from: &FieldPath,
    ) -> Value {
        for (index, item) in over.into_iter().enumerate() {
            let from = from.index(index);
            let found = base.iter().position(|old| old.get("id") == item.get("id"));
            let position = found.unwrap_or(base.len());
            let at = at.index(position);
            if found.is_some() {
                let old = std::mem::take(&mut base[position]);
                base[position] = self.merge(old, item, &at, &from);
            } else {
                let taken = self.take(item, &at, &from);
                base.push(taken);
            }
        }
        Value::Array(base)
    }

    /// Takes a whole subtree over, with its places moved from `from` to `at`.
    fn take(&mut self, value: Value, at: &FieldPath, from: &FieldPath) -> Value {
        if let Some(place) = self.places.get(from) {
            self.sources.places.insert(at.clone(), place.clone());
        }
        if let Some(place) = self.keys.get(from) {
            self.sources.keys.insert(at.clone(), place.clone());
        }
        match &value {
            Value::Object(table) => {
                for (key, child) in table {
                    self.take(child.clone(), &at.key(key), &from.key(key));
                }
            }
            Value::Array(items) => {
                for (index, child) in items.iter().enumerate() {
                    self.take(child.clone(), &at.index(index), &from.index(index));
                }
            }
            _ => {}
        }
        value
    }
}

fn have_ids(items: &[Value]) -> bool {
    !items.is_empty()
        && items
            .iter()
            .all(|item| item.get("id").is_some_and(Value::is_string))
}

/// Opens a file that is a file: a pipe or a device could keep its reader waiting for ever.
pub fn open_regular(path: &Path) -> std::io::Result<std::fs::File> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(std::io::Error::new(
            std::io::ErrorKind::IsADirectory,
            "it is a folder",
        ));
    }
    if !kind.is_file() {
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "it is a pipe or a device, not a file",
        ));
    }
    std::fs::File::open(path)
}

/// Resolves a relative name inside a folder, after symbolic links; refuses to leave it.
pub fn inside(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let relative = Path::new(name);
    let plain = relative
        .components()
        .all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if name.is_empty() || !plain {
        return Err(format!("`{name}` is not a path inside the folder"));
    }
    let folder = folder
        .canonicalize()
        .map_err(|e| format!("cannot open the folder: {e}"))?;
    let path = folder.join(relative);
    let canonical = path
        .canonicalize()
        .map_err(|e| format!("cannot read `{name}`: {e}"))?;
    if canonical.starts_with(&folder) {
        Ok(canonical)
    } else {
        Err(format!("`{name}` leads out of the folder"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_remembers_its_place() {
        let text = "format = 1\n[sites.grid]\nlimit_mw = -4\n[[halls]]\nid = \"a\"\n";
        let (value, sources) = read_text("x.toml", text).unwrap();
        assert_eq!(value["sites"]["grid"]["limit_mw"], -4);
        let place = sources
            .place(&FieldPath::root().key("sites").key("grid").key("limit_mw"))
            .unwrap();
        assert_eq!(&text[place.span.clone()], "-4");
        assert_eq!(sources.line_column(place), (3, 12));
        let key = sources
            .key_place(&FieldPath::root().key("halls").index(0).key("id"))
            .unwrap();
        assert_eq!(sources.line_column(key), (5, 1));
    }

    #[test]
    fn a_family_merges_tables_and_lists_with_ids() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "base.toml",
            "a = 1\nb = 2\n[[s]]\nid = \"x\"\nv = 1\n[[s]]\nid = \"y\"\nv = 2\n",
        );
        write(
            "child.toml",
            "extends = \"base.toml\"\nb = 3\n[[s]]\nid = \"y\"\nv = 9\n[[s]]\nid = \"z\"\nv = 4\n",
        );
        let (value, sources) = read_file(&folder.path().join("child.toml")).unwrap();
        let expected = serde_json::json!({"a": 1, "b": 3, "s": [
            {"id": "x", "v": 1}, {"id": "y", "v": 9}, {"id": "z", "v": 4}]});
        assert_eq!(value, expected);
        let place = |i: usize| {
            sources
                .place(&FieldPath::root().key("s").index(i).key("v"))
                .unwrap()
                .file
        };
        assert_eq!([place(0), place(1), place(2)], [1, 0, 0]);
    }

    #[test]
    fn circles_and_ways_out_of_the_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("a.toml", "extends = \"b.toml\"\n");
        write("b.toml", "extends = \"a.toml\"\n");
        write("c.toml", "extends = \"../a.toml\"\n");
        write("d.toml", "extends = \"/etc/passwd\"\n");
        for (file, text) in [
            ("a.toml", "circle"),
            ("c.toml", "not a path"),
            ("d.toml", "not a path"),
        ] {
            let error = read_file(&folder.path().join(file)).unwrap_err().to_string();
            assert!(error.contains(text), "{file}: {error}");
        }
    }
}
