//! The JSON of a rate: its wrappers taken off, its keys and values read whatever their dress.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{ENDLESS, RawTier};
use crate::power::tariff::{TARIFFS_MAX, TariffError};

/// Shorter names of the bulk download, and slips that are found in it, by the names of the interface.
const ALIASES: &[(&str, &str)] = &[
    ("energyratestrux", "energyratestructure"),
    ("energyweekdaysched", "energyweekdayschedule"),
    ("energyweekendsched", "energyweekendschedule"),
    ("demandratestrux", "demandratestructure"),
    ("demandweekdaysched", "demandweekdayschedule"),
    ("demandweekendsched", "demandweekendschedule"),
    ("demandrateunits", "demandrateunit"),
    ("flatdemandstrux", "flatdemandstructure"),
    ("flatdemandunits", "flatdemandunit"),
    ("coincidentratestrux", "coincidentratestructure"),
    ("coincidentsched", "coincidentrateschedule"),
    ("coincidentrateunits", "coincidentrateunit"),
    ("demandreactpwrcharge", "demandreactivepowercharge"),
    ("fueladjustments", "fueladjustmentsmonthly"),
    ("utilityname", "utility"),
    ("ratename", "name"),
    ("eia", "eiaid"),
    ("eiautilityid", "eiaid"),
    ("supercedes", "supersedes"),
    ("effectivedate", "startdate"),
    ("sourcereference", "source"),
    ("comments", "basicinformationcomments"),
];

/// Fields that say where a rate comes from and whom it is for; they price nothing.
const ABOUT: &[&str] = &[
    "id",
    "label",
    "uri",
    "revisions",
    "approved",
    "isdefault",
    "utility",
    "eiaid",
    "name",
    "startdate",
    "enddate",
    "supersedes",
    "sector",
    "servicetype",
    "source",
    "sourceparent",
    "country",
    "peakkwcapacitymin",
    "peakkwcapacitymax",
    "peakkwcapacityhistory",
    "peakkwusagemin",
    "peakkwusagemax",
    "peakkwusagehistory",
    "peakkwhusagemin",
    "peakkwhusagemax",
    "peakkwhusagehistory",
    "mindemand",
    "maxdemand",
    "minenergy",
    "maxenergy",
    "demandhistory",
    "energyhistory",
    "demandunits",
    "voltageminimum",
    "voltagemaximum",
    "voltagecategory",
    "minvoltage",
    "maxvoltage",
    "phasewiring",
    "phasewirings",
    "usenetmetering",
    "dgrules",
    "sellrate",
    "schedule",
    "fixedchargeeaaddl",
    "version",
    "latestupdate",
    "applicability",
    "coincidentrateschedule",
    "coincidentrateunit",
    "flatdemandunit",
    "demandrateunit",
    "flatdemandmonths",
    "fixedchargeunits",
    "minchargeunits",
    "energyweekdayschedule",
    "energyweekendschedule",
    "demandweekdayschedule",
    "demandweekendschedule",
    "lookbackmonths",
    "lookbackrange",
    "lookbackpercent",
    "demandwindow",
];

/// Whether a field is text for people.
pub(super) fn is_text(field: &str) -> bool {
    field == "description" || field.ends_with("comments")
}

/// Whether a field is a list of names and texts beside the prices.
pub(super) fn is_attributes(field: &str) -> bool {
    field.ends_with("attrs") || field.ends_with("keyvals")
}

/// A rate.
#[derive(Debug)]
pub(super) struct Document {
    /// Common name, name as written, value.
    fields: Vec<(String, String, Value)>,
    read: BTreeSet<String>,
}

fn common(key: &str) -> String {
    let plain: String = key
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let alias = ALIASES.iter().find(|(short, _)| *short == plain);
    alias.map_or(plain, |(_, name)| (*name).to_owned())
}

impl Document {
    /// The rate of a text: bare, in `items`, in a list, or any of these written as one JSON string.
    pub(super) fn parse(text: &str, label: Option<&str>) -> Result<Self, TariffError> {
        let malformed = |why: String| TariffError::Malformed(why);
        let text = text.trim_start_matches('\u{feff}');
        let mut value: Value =
            serde_json::from_str(text).map_err(|e| malformed(format!("is not JSON: {e}")))?;
        if let Value::String(inner) = &value {
            value = serde_json::from_str(inner)
                .map_err(|e| malformed(format!("is a JSON string that holds no JSON: {e}")))?;
        }
        if let Some(items) = value.get_mut("items") {
            value = items.take();
        }
        let rates = match value {
            Value::Object(rate) => vec![rate],
            Value::Array(list) => {
                let objects: Option<Vec<Map<String, Value>>> = list
                    .into_iter()
                    .map(|v| match v {
                        Value::Object(rate) => Some(rate),
                        _ => None,
                    })
                    .collect();
                objects.ok_or_else(|| malformed("holds a list of something else than rates".to_owned()))?
            }
            _ => return Err(malformed("holds no rate".to_owned())),
        };
        if rates.len() > TARIFFS_MAX {
            return Err(malformed(format!("{} rates: at most {TARIFFS_MAX}", rates.len())));
        }
        Self::choose(rates, label)
    }

    fn choose(rates: Vec<Map<String, Value>>, label: Option<&str>) -> Result<Self, TariffError> {
        let labels = |rate: &Map<String, Value>| -> Option<String> {
            let label = rate.get("label").or_else(|| rate.get("_id"))?;
            let oid = label.get("$oid").unwrap_or(label);
            oid.as_str().map(str::to_owned)
        };
        let count = rates.len();
        let mut wanted = rates.into_iter().filter(|rate| match label {
            Some(label) => labels(rate).as_deref() == Some(label),
            None => true,
        });
        let first = wanted.next();
        match (first, wanted.next()) {
            (Some(rate), None) => Self::of(rate),
            (None, _) if label.is_some() => Err(TariffError::Malformed(format!(
                "none of its {count} rates has the label `{}`",
                label.unwrap_or_default()
            ))),
            (None, _) => Err(TariffError::Malformed("holds no rate".to_owned())),
            (Some(_), Some(_)) => Err(TariffError::Malformed(format!(
                "holds {count} rates: say which by its `label`"
            ))),
        }
    }

    fn of(rate: Map<String, Value>) -> Result<Self, TariffError> {
        let mut fields: Vec<(String, String, Value)> = Vec::new();
        for (key, value) in rate {
            let name = common(&key);
            if value.is_null() {
                continue;
            }
            if let Some((_, other, _)) = fields.iter().find(|f| f.0 == name && f.2 != value) {
                return Err(TariffError::Malformed(format!(
                    "`{other}` and `{key}` are the same field with two values"
                )));
            }
            fields.push((name, key, value));
        }
        let priced = fields
            .iter()
            .any(|f| f.0.ends_with("structure") || f.0.contains("charge"));
        if !priced {
            return Err(TariffError::Malformed("holds no price of a rate".to_owned()));
        }
        Ok(Self {
            fields,
            read: BTreeSet::new(),
        })
    }

    pub(super) fn title(&self) -> String {
        let of = |field: &str| self.peek(field).and_then(Value::as_str).unwrap_or("").to_owned();
        let title = format!("{}: {}", of("utility"), of("name"));
        title.trim_matches([':', ' ']).to_owned()
    }

    /// Takes a field out, by any of its names; whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let name = common(name);
        let before = self.fields.len();
        self.fields.retain(|f| f.0 != name);
        self.fields.len() < before
    }

    /// How the file writes a field.
    pub(super) fn written<'a>(&'a self, field: &'a str) -> &'a str {
        let found = self.fields.iter().find(|f| f.0 == field);
        found.map_or(field, |f| f.1.as_str())
    }

    fn peek(&self, field: &str) -> Option<&Value> {
        self.fields.iter().find(|f| f.0 == field).map(|f| &f.2)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.peek(field).is_some()
    }

    fn get(&mut self, field: &str) -> Option<&Value> {
        self.read.insert(field.to_owned());
        self.peek(field)
    }

    /// Fields that nobody asked for.
    pub(super) fn unread(&self) -> Vec<String> {
        let names = self.fields.iter().map(|f| f.0.clone());
        names
            .filter(|n| !self.read.contains(n) && !ABOUT.contains(&n.as_str()))
            .collect()
    }

    /// Whether a field holds a number or list that may be a price.
    pub(super) fn looks_priced(&self, field: &str) -> bool {
        const WORDS: [&str; 12] = [
            "charge", "rate", "demand", "energy", "fee", "price", "ratchet", "lookback", "min", "adj", "tax",
            "rider",
        ];
        let value = self.peek(field).is_some_and(|v| match v {
            Value::Number(n) => n.as_f64() != Some(0.0),
            Value::Array(list) => !list.is_empty(),
            _ => false,
        });
        value && WORDS.iter().any(|w| field.contains(w))
    }

    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        self.get(field)?.as_str().map(str::to_owned)
    }

    pub(super) fn number(&mut self, field: &str) -> Option<Result<f64, String>> {
        let value = self.get(field)?;
        Some(number(value).ok_or_else(|| format!("is `{}` where a number is expected", short(value))))
    }

    /// A list of numbers or flags.
    pub(super) fn row(&mut self, field: &str) -> Option<Result<Vec<f64>, String>> {
        let value = self.get(field)?;
        let Value::Array(list) = value else {
            return Some(Err("is no list".to_owned()));
        };
        let numbers: Option<Vec<f64>> = list
            .iter()
            .map(|v| v.as_bool().map(|b| f64::from(u8::from(b))).or_else(|| number(v)))
            .collect();
        Some(numbers.ok_or_else(|| "holds something else than numbers".to_owned()))
    }

    /// A table of periods.
    pub(super) fn table(&mut self, field: &str) -> Option<Result<Vec<Vec<u16>>, String>> {
        let value = self.get(field)?;
        let period = |v: &Value| -> Option<u16> {
            let number = number(v)?;
            ((0.0..1_000.0).contains(&number) && number.fract() == 0.0).then_some(number as u16)
        };
        let row = |v: &Value| v.as_array()?.iter().map(period).collect::<Option<Vec<u16>>>();
        let rows = value
            .as_array()
            .and_then(|rows| rows.iter().map(row).collect::<Option<Vec<Vec<u16>>>>());
        Some(rows.ok_or_else(|| "is no table of numbers of periods".to_owned()))
    }

    /// Periods of tiers: lists, or the bulk download's tables with one list each.
    pub(super) fn structure(&mut self, field: &str) -> Option<Result<Vec<Vec<RawTier>>, String>> {
        let value = self.get(field)?;
        if value.as_array().is_some_and(Vec::is_empty) {
            return None;
        }
        let Value::Array(periods) = value else {
            return Some(Err("is no list of periods".to_owned()));
        };
        Some(periods.iter().enumerate().map(|(i, p)| tiers(p, i)).collect())
    }
}

fn tiers(period: &Value, index: usize) -> Result<Vec<RawTier>, String> {
    let list = match period {
        Value::Array(list) => list,
        Value::Object(wrapper) => match wrapper.iter().find(|(key, _)| common(key).ends_with("tiers")) {
            Some((_, Value::Array(list))) => list,
            _ => return Err(format!("has no tiers in period {index}")),
        },
        _ => return Err(format!("has no tiers in period {index}")),
    };
    list.iter()
        .enumerate()
        .map(|(t, tier)| raw_tier(tier, index, t))
        .collect()
}

fn raw_tier(tier: &Value, period: usize, index: usize) -> Result<RawTier, String> {
    let place = format!("period {period}, tier {index}");
    let Value::Object(map) = tier else {
        return Err(format!("has no tier in {place}"));
    };
    let (mut max, mut rate, mut adj, mut unit) = (None, None, None, None);
    for (key, value) in map {
        let slot = match common(key).as_str() {
            "max" => &mut max,
            "rate" => &mut rate,
            "adj" => &mut adj,
            "unit" => {
                unit = value.as_str().map(str::to_owned);
                continue;
            }
            // What is paid for energy sent back; no load of ours sends any.
            "sell" => continue,
            _ => return Err(format!("has the unknown `{key}` in {place}")),
        };
        if value.is_null() {
            continue;
        }
        let found = number(value).ok_or_else(|| format!("has `{key}` = `{}` in {place}", short(value)))?;
        *slot = Some(found);
    }
    Ok(RawTier {
        max: max.filter(|m| *m < ENDLESS),
        price: rate.unwrap_or(0.0) + adj.unwrap_or(0.0),
        unit,
    })
}

/// A finite number, also one that is written as text.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n: &f64| n.is_finite())
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}
