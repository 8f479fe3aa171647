//! Names of rows and of the sorted sets that count them.

/// Characters of an EC hash.
const HASH: usize = 64;

/// What names of rows begin with.
pub(crate) const ROWS: &str = "ec:{";

/// The EC hash that a key begins with, and the rest of it.
pub(crate) fn split(key: &str) -> Option<(&str, &str)> {
    let (hash, rest) = key.split_at_checked(HASH)?;
    hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then_some((hash, rest))
}

/// The name of a key's row. What is in braces decides the slot: one for all that share a hash.
pub(crate) fn row(key: &str) -> String {
    let (tag, rest) = split(key).unwrap_or((key, ""));
    format!("{ROWS}{tag}}}{rest}")
}

/// The name of the sorted set of an EC hash.
pub(crate) fn cluster(hash: &str) -> String {
    format!("ec-cluster:{{{hash}}}")
}

/// The key of a row by its name.
pub(crate) fn of_row(row: &str) -> Option<String> {
    let tagged = row.strip_prefix(ROWS)?;
    if let Some((hash, rest)) = split(tagged)
        && let Some(rest) = rest.strip_prefix('}')
    {
        return Some(format!("{hash}{rest}"));
    }
    Some(tagged.strip_suffix('}')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_name_of_its_own_that_leads_back_to_it() {
        let hash = "0f".repeat(32);
        let keys = [
            hash.clone(),
            format!("{hash}.Ab12Cd"),
            format!("{hash}}}"),
            format!("{hash}}}x"),
            "acme~id".into(),
            "}".into(),
            format!("{}}}x", "F".repeat(64)),
        ];
        for key in &keys {
            assert_eq!(of_row(&row(key)).as_ref(), Some(key));
        }
        let names: std::collections::BTreeSet<_> = keys.iter().map(|key| row(key)).collect();
        assert_eq!(names.len(), keys.len());
        assert_eq!(of_row(&cluster(&hash)), None);
    }
}
