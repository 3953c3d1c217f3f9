//! Where a text ends, interpolations with texts in them included.

use super::MAX_NESTING;

/// What a text turned out to be.
pub(super) enum TextEnd {
    /// One past its closing quote.
    Closed(usize),
    /// No closing quote on its line; the position is where the text is taken to end.
    Unclosed(usize),
    /// Interpolations nest too deeply; the position is the mark that is one too many.
    TooDeep(usize),
}

/// So many times the length of the file may be read in vain; beyond it, braces in texts are not matched any more.
const MAX_IN_VAIN: usize = 4;

/// Finds the end of the text whose opening quote is at `start`. `depth` is how deep it stands already; `in_vain` counts
/// what was read of texts whose braces do not match, which keeps the time linear however many there are on one line.
pub(super) fn end_of(bytes: &[u8], start: usize, depth: usize, in_vain: &mut usize) -> TextEnd {
    if bytes[start] == b'\'' {
        return match line_end_or(bytes, start + 1, |byte| byte == b'\'') {
            (end, true) => TextEnd::Closed(end + 1),
            (end, false) => TextEnd::Unclosed(before_marks(bytes, start, end)),
        };
    }
    if *in_vain > MAX_IN_VAIN * bytes.len() {
        return plain(bytes, start);
    }
    match with_interpolations(bytes, start, depth) {
        Ok(end) => end,
        // The braces do not match: a quote that is not escaped ends it, and the grammar tells what is wrong.
        Err(stopped) => {
            *in_vain += stopped - start;
            plain(bytes, start)
        }
    }
}

/// The first byte that `wanted` accepts, or the end of the line.
fn line_end_or(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> (usize, bool) {
    let rest = &bytes[from..];
    match rest.iter().position(|byte| *byte == b'\n' || wanted(*byte)) {
        Some(at) => (from + at, rest[at] != b'\n'),
        None => (bytes.len(), false),
    }
}

fn plain(bytes: &[u8], start: usize) -> TextEnd {
    let mut at = start + 1;
    loop {
        match line_end_or(bytes, at, |byte| byte == b'"' || byte == b'\\') {
            (end, true) if bytes[end] == b'"' => return TextEnd::Closed(end + 1),
            (end, true) => at = (end + 2).min(bytes.len()),
            (end, false) => return TextEnd::Unclosed(before_marks(bytes, start, end)),
        }
    }
}

/// Reads texts and interpolations in each other; where they do not match on this line, how far it came.
fn with_interpolations(bytes: &[u8], start: usize, depth: usize) -> Result<TextEnd, usize> {
    let mut open = vec![b'"'];
    let mut at = start + 1;
    while at < bytes.len() {
        let byte = bytes[at];
        let inside_text = open.last() == Some(&b'"');
        match byte {
            b'\n' => return Err(at),
            b'\\' if inside_text => at += 1,
            b'\\' => return Err(at),
            b'"' if inside_text => {
                open.pop();
                if open.is_empty() {
                    return Ok(TextEnd::Closed(at + 1));
                }
            }
            b'\'' if !inside_text => match line_end_or(bytes, at + 1, |byte| byte == b'\'') {
                (end, true) => at = end,
                (end, false) => return Err(end),
            },
            b'{' => open.push(b'}'),
            b'"' => open.push(b'"'),
            b'(' if !inside_text => open.push(b')'),
            b'[' if !inside_text => open.push(b']'),
            b'}' | b')' | b']' if !inside_text && open.pop() != Some(byte) => return Err(at),
            _ => {}
        }
        if open.len() + depth > MAX_NESTING {
            return Ok(TextEnd::TooDeep(at));
        }
        at += 1;
    }
    Err(bytes.len())
}

/// Where a text without a closing quote probably ends: before marks of blocks that end its line.
fn before_marks(bytes: &[u8], start: usize, line_end: usize) -> usize {
    let is_mark = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'{' | b'}');
    let tail = bytes[start + 1..line_end].iter().rev().take_while(|byte| is_mark(**byte)).count();
    let mut end = line_end - tail;
    // A brace right behind a letter belongs to the text.
    while end < line_end && matches!(bytes[end], b'{' | b'}') {
        end += 1;
    }
    end
}
