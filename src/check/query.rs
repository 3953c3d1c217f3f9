//! What a statement of SQL says by its form, whatever the database: whether it is one, and which columns it gives.

/// Where the second statement begins, of a text that has more than one.
pub(super) fn second_statement(text: &str) -> Option<usize> {
    // The body of a trigger or a function is many statements, and no second one.
    let mut words = text.split_whitespace();
    let creates = words.next().is_some_and(|word| word.eq_ignore_ascii_case("create"));
    if creates && words.any(|word| word.eq_ignore_ascii_case("begin")) {
        return None;
    }
    let (end, _) = marks(text).into_iter().find(|(_, mark)| *mark == ';')?;
    let begin = skip_comments(text, end + 1);
    (begin < text.len()).then_some(begin)
}

/// The names of the columns of `select one, t.two, count(*) as three from …`; none where they cannot be told from the text.
pub(super) fn columns(text: &str) -> Option<Vec<String>> {
    let list = text.trim_start().get(..7).filter(|word| word.trim_end().eq_ignore_ascii_case("select"))?;
    let begin = text.len() - text.trim_start().len() + list.len();
    let lower = text.to_ascii_lowercase();
    let end = lower[begin..].find(" from ").map_or(text.len(), |at| begin + at);
    let inside = text.get(begin..end)?;
    if inside.contains(['\'', '"', '$', '`']) || lower[begin..].trim_start().starts_with("distinct on") {
        return None;
    }
    let mut depth = 0_i32;
    let mut columns = vec![String::new()];
    for character in inside.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                columns.push(String::new());
                continue;
            }
            _ => {}
        }
        columns.last_mut()?.push(character);
    }
    let name = |column: &String| {
        let last = column.split_whitespace().next_back()?;
        let name = last.rsplit('.').next()?.split("::").next()?;
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        // A call without a name is called by its function, in some databases.
        plain.then(|| name.to_string())
    };
    columns.iter().map(name).collect()
}

/// The marks that stand in the statement itself, outside of texts, names and comments, with their places.
fn marks(text: &str) -> Vec<(usize, char)> {
    let mut marks = Vec::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match character {
            '\'' | '"' | '`' => rest[1..].find(character).map_or(rest.len(), |end| end + 2),
            '$' => match rest[1..].split_once('$') {
                Some((tag, behind)) if tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                    let tag = &rest[..tag.len() + 2];
                    behind.find(tag).map_or(rest.len(), |end| end + 2 * tag.len())
                }
                _ => 1,
            },
            _ if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            other => {
                marks.push((at, other));
                other.len_utf8()
            }
        };
        at += length;
    }
    marks
}

/// The first place behind blanks, comments and further `;`.
fn skip_comments(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = text[at..].trim_start_matches(|c: char| c.is_whitespace() || c == ';');
        at = text.len() - rest.len();
        let comment = match rest {
            _ if rest.starts_with("--") => rest.find('\n'),
            _ if rest.starts_with("/*") => rest.find("*/").map(|end| end + 2),
            _ => return at,
        };
        at = comment.map_or(text.len(), |length| at + length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_is_told_from_several() {
        let cases = [
            ("select 1", None),
            ("select 1;", None),
            ("select 1; -- done", None),
            ("select 1 /* ; */ ;\n;", None),
            ("select ';' from \"a;b\"", None),
            ("do $$ begin delete from a; end $$", None),
            ("create trigger seen after insert on a begin delete from b; end", None),
            ("select 1; select 2", Some(10)),
            ("delete from jobs; delete from bots", Some(18)),
            ("select 'it''s'; select 2", Some(16)),
        ];
        for (text, second) in cases {
            assert_eq!(second_statement(text), second, "{text}");
        }
    }

    #[test]
    fn columns_are_called_as_they_are_given() {
        let of = |text| columns(text).map(|columns| columns.join(" "));
        assert_eq!(of("select number, price from orders").as_deref(), Some("number price"));
        assert_eq!(of("SELECT o.id, count(a, b) as n, xmin::text from x").as_deref(), Some("id n xmin"));
        assert_eq!(of("select * from orders"), None);
        assert_eq!(of("select o.* from orders o"), None);
        assert_eq!(of("select count(*) from orders"), None);
        assert_eq!(of("with x as (select 1) select y from x"), None);
    }
}
