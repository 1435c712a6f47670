//! Lines of a file, of which none takes more memory than is allowed.

use std::io::{self, BufRead, Read};

/// One line.
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    /// What is in it, without its end; `None` if it is too long to be looked at.
    pub(super) text: Option<Vec<u8>>,
    /// How many bytes it has in the file.
    pub(super) bytes: u64,
}

/// Reads line after line.
pub(super) struct Lines<R> {
    from: R,
    bytes_max: u64,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Of lines longer than `bytes_max` only the length is told.
    pub(super) fn of(from: R, bytes_max: u64) -> Self {
        Self { from, bytes_max, number: 0 }
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut text = Vec::new();
            let mut bytes = (&mut self.from).take(self.bytes_max + 1).read_until(b'\n', &mut text)? as u64;
            if bytes == 0 {
                return Ok(None);
            }
            self.number += 1;
            if text.last() != Some(&b'\n') && bytes > self.bytes_max {
                bytes += self.skip()?;
                return Ok(Some(Line { number: self.number, text: None, bytes }));
            }
            if self.number == 1 && text.starts_with(b"\xEF\xBB\xBF") {
                text.drain(..3);
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(Line { number: self.number, text: Some(text), bytes }));
            }
        }
    }

    /// Passes over what is left of a line.
    fn skip(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let buffered = self.from.fill_buf()?;
            let (length, is_end) = match buffered.iter().position(|byte| *byte == b'\n') {
                Some(place) => (place + 1, true),
                None => (buffered.len(), buffered.is_empty()),
            };
            self.from.consume(length);
            skipped += length as u64;
            if is_end {
                return Ok(skipped);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], bytes_max: u64) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::of(io::BufReader::with_capacity(3, text), bytes_max);
        let mut found = vec![];
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.text.map(|text| String::from_utf8(text.trim_ascii().to_vec()).unwrap())));
        }
        found
    }

    #[test]
    fn blank_lines_count_and_are_passed_over() {
        let found = read(b"\xEF\xBB\xBFone\r\n\n  \nfour", 99);

        assert_eq!(found, [(1, Some("one".into())), (4, Some("four".into()))]);
    }

    #[test]
    fn a_line_that_is_too_long_is_named_and_the_next_one_read() {
        let found = read(b"12345\n123456789012\nend\n1234567", 5);

        assert_eq!(found, [(1, Some("12345".into())), (2, None), (3, Some("end".into())), (4, None)]);
    }
}
