use super::*;

#[test]
fn a_field_is_told_with_unit_default_range_label_and_source() {
    let entry = explain("sites[0].halls[0].miners[0].uptime_percent").unwrap();
    assert_eq!(entry.unit, "%");
    assert_eq!(entry.default.as_deref(), Some("95.5"));
    assert_eq!(entry.label, Some("assumption"));
    assert!(entry.meaning[0].contains("operators name 95 to 97"), "{entry:?}");
    assert_eq!(entry.range, ["must lie between 0 and 100"]);
    let discount = explain("finance.discount_percent").unwrap();
    assert_eq!(discount.default.as_deref(), Some("10.0"));
    assert!(!discount.range.is_empty());
}

#[test]
fn names_ids_and_lists_left_out_lead_to_the_same_field() {
    let by_index = explain("strategies[1].conversions[0].archetype").unwrap();
    assert_eq!(
        explain("strategies.gpu-cloud.conversions[0].archetype")
            .unwrap()
            .meaning,
        by_index.meaning
    );
    assert_eq!(
        explain("strategies.conversions.archetype").unwrap().meaning,
        by_index.meaning
    );
    let rent = explain("market.gpu_rent.gb300").unwrap();
    assert_eq!(rent.path, "market.gpu_rent.<gb300>");
    assert!(rent.below.iter().any(|b| b.name == "process"), "{rent:?}");
    let start = explain("market.gpu_rent.gb300.process.mean_reverting_log.start_usd_per_gpu_h").unwrap();
    assert_eq!((start.unit, start.default.as_deref()), ("USD/GPU-h", None));
    assert_eq!(start.example.as_deref(), Some("2.85"));
}

#[test]
fn kinds_of_a_choice_are_listed_and_entered() {
    let clauses = explain("sites.power_contracts.clauses").unwrap();
    assert!(
        clauses.below.iter().any(|b| b.name == "coincident_peak"),
        "{clauses:?}"
    );
    let block = explain("sites.power_contracts.clauses.block.take_or_pay_percent").unwrap();
    assert_eq!(block.unit, "%");
}

#[test]
fn a_wrong_path_is_answered_with_the_nearest() {
    let help = |path: &str| explain(path).unwrap_err().help.unwrap_or_default();
    assert_eq!(help("sites[0].gird"), "did you mean `grid`?");
    assert_eq!(help("sites.gird"), "did you mean `grid`?");
    assert_eq!(help("market.gpu_rnet.gb300"), "did you mean `gpu_rent`?");
    assert!(help("finance.zzzzzzz").starts_with("it has `discount_percent`"));
    assert!(explain("years.more").is_err() && explain("years[0]").is_err() && explain("a..b").is_err());
}

/// Every field that the schema has can be explained and says something.
#[test]
fn every_field_of_every_table_is_told() {
    let root = schema::value();
    let mut open = vec![String::new()];
    let (mut seen, mut fields) = (std::collections::BTreeSet::new(), 0);
    while let Some(path) = open.pop() {
        let mut place = Place::root(&root);
        let steps = if path.is_empty() {
            Vec::new()
        } else {
            parse_path(&path).unwrap()
        };
        for step in &steps {
            place.step(step).unwrap_or_else(|e| panic!("{path}: {e}"));
        }
        let known = std::ptr::from_ref(target(&root, place.schema)) as usize;
        if !seen.insert(known) && !matches!(form(&root, place.schema), Form::Plain(_)) {
            continue;
        }
        for child in below(&root, place.schema) {
            fields += 1;
            let is_plain_word = child.kind == "word" && child.default.is_empty();
            assert!(
                !child.meaning.is_empty() || is_plain_word,
                "{path}.{} says nothing",
                child.name
            );
            let next = match form(&root, place.schema) {
                Form::Names(_) => format!("{path}.some-name.{}", child.name),
                Form::List(_) => format!("{path}[0].{}", child.name),
                _ if path.is_empty() => child.name.clone(),
                _ => format!("{path}.{}", child.name),
            };
            if !is_plain_word && next.len() < 400 {
                open.push(next);
            }
        }
    }
    assert!(fields > 900, "{fields} fields");
}

#[test]
fn the_reference_names_every_type_and_key_of_the_schema() {
    let (page, root) = (markdown(), schema::value());
    for (name, table) in root["$defs"].as_object().unwrap() {
        assert!(page.contains(&format!("\n## {name}\n")), "{name} is missing");
        for key in table["properties"].as_object().into_iter().flat_map(|p| p.keys()) {
            assert!(page.contains(&format!("| `{key}` |")), "{name}.{key} is missing");
        }
    }
}
