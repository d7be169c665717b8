//! OTLP traces as protobuf: a `TracesData`, or any number of them one after the other, which is the same.

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};

use super::Otlp;
use crate::ingest::input::Input;
use crate::ingest::job::Stop;
use crate::ingest::out::Out;
use crate::ingest::report::Place;
use crate::ingest::{MAX_EVENT_BYTES, cut_short};

/// What a protobuf file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Signal {
    Traces,
    Metrics,
    Logs,
    Pprof,
    Perfetto,
}

/// Number of the list in `TracesData`, of the scopes in `ResourceSpans` and of the spans in `ScopeSpans`.
const LIST: u32 = 1;
const SCOPES: u32 = 2;
const RECORDS: u32 = 2;

/// Judges a file by its start, which may be cut anywhere. `None`: no protobuf that is known.
pub(in crate::ingest) fn signal(head: &[u8]) -> Option<Signal> {
    let first = Fields(head).next().filter(|field| field.number == LIST)?;
    let inner: Vec<Field<'_>> = Fields(first.bytes?).collect();
    let is_message = |field: &&Field<'_>| field.bytes.is_some();
    let is_resource = inner.iter().all(|field| is_message(&field) && field.number <= 3 || field.number == 1000);
    if is_resource && !inner.is_empty() {
        let scopes = inner.iter().filter(|field| field.number == SCOPES).filter_map(|field| field.bytes);
        let mut records =
            scopes.flat_map(Fields).filter(|field| field.number == RECORDS).filter_map(|field| field.bytes);
        if let Some(signal) = records.find_map(of_record) {
            return Some(signal);
        }
    }
    // Timestamp, sequence and synchronization of a packet.
    let is_packet = |field: &Field<'_>| field.bytes.is_none() && matches!(field.number, 3 | 8 | 10 | 58);
    if inner.iter().any(is_packet) {
        return Some(Signal::Perfetto);
    }
    let is_unit = !inner.is_empty() && inner.iter().all(|field| field.bytes.is_none() && field.number <= 2);
    is_unit.then_some(Signal::Pprof)
}

/// What a record is, by the fields it begins with.
fn of_record(bytes: &[u8]) -> Option<Signal> {
    let mut fields = Fields(bytes);
    let first = fields.next()?;
    match (first.number, first.bytes) {
        (1, Some(id)) if id.len() == super::names::TRACE_BYTES => {
            let second = fields.next()?;
            let is_id = second.number == 2 && second.bytes.is_some_and(|id| id.len() == super::names::SPAN_BYTES);
            Some(if is_id { Signal::Traces } else { Signal::Metrics })
        }
        (1, Some(_)) => Some(Signal::Metrics),
        (1 | 2 | 11, None) => Some(Signal::Logs),
        _ => None,
    }
}

/// One field of a message; of one that holds bytes, those there are.
struct Field<'a> {
    number: u32,
    bytes: Option<&'a [u8]>,
}

/// The fields of a message, up to what is none.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let (number, wire) = decode_key(&mut self.0).ok()?;
        let fixed = |rest: &'a [u8], bytes: usize| rest.get(bytes..).unwrap_or_default();
        let bytes = match wire {
            WireType::Varint => {
                decode_varint(&mut self.0).ok()?;
                None
            }
            WireType::SixtyFourBit => {
                self.0 = fixed(self.0, 8);
                None
            }
            WireType::ThirtyTwoBit => {
                self.0 = fixed(self.0, 4);
                None
            }
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut self.0).ok()?).ok()?;
                let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
                self.0 = rest;
                Some(bytes)
            }
            WireType::StartGroup | WireType::EndGroup => return None,
        };
        Some(Field { number, bytes })
    }
}

/// Reads the messages to the end of the input.
pub(in crate::ingest) fn read(otlp: &mut Otlp, out: &mut Out<'_, '_>, input: &mut Input) -> Result<(), Stop> {
    let mut bytes = Vec::new();
    loop {
        let start = input.offset;
        let at = |message: String| Stop::At(Place::Offset(start), message);
        if input.peek_byte().map_err(|error| at(cut_short(error)))?.is_none() {
            return Ok(());
        }
        let key = varint(input, &at)?;
        let length = match key & 7 {
            0 => {
                varint(input, &at)?;
                continue;
            }
            1 => 8,
            2 => varint(input, &at)?,
            5 => 4,
            _ => return Err(at("no protobuf message goes on here".to_owned())),
        };
        let is_spans = key == u64::from(LIST << 3 | 2);
        if !is_spans || length > MAX_EVENT_BYTES as u64 {
            let came = input.skip(length).map_err(|error| at(cut_short(error)))?;
            if came < length {
                return Err(cut(&at, length, came));
            }
            if is_spans {
                out.job.reject(Place::Offset(start), format!("{length} bytes; at most {MAX_EVENT_BYTES}"));
            } else {
                otlp.count("unknown field", 1);
            }
            continue;
        }
        input.read_into(&mut bytes, length).map_err(|error| at(cut_short(error)))?;
        if (bytes.len() as u64) < length {
            return Err(cut(&at, length, bytes.len() as u64));
        }
        match ResourceSpans::decode(&*bytes) {
            // The one text of both: what is a span is said once.
            Ok(spans) => match serde_json::to_vec(&spans) {
                Ok(json) => otlp.resource_spans(out, &mut input.within(json, input.line))?,
                Err(error) => out.job.reject(Place::Offset(start), format!("no spans: {error}")),
            },
            Err(error) => out.job.reject(Place::Offset(start), format!("no spans of OTLP: {error}")),
        }
    }
}

fn cut(at: &impl Fn(String) -> Stop, length: u64, came: u64) -> Stop {
    at(format!("the file is cut short: the message that starts here has {length} bytes, {came} are there"))
}

fn varint(input: &mut Input, at: &impl Fn(String) -> Stop) -> Result<u64, Stop> {
    let mut value = 0_u64;
    for place in 0..10 {
        let Some(byte) = input.peek_byte().map_err(|error| at(cut_short(error)))? else {
            return Err(at("the file is cut short within a number".to_owned()));
        };
        input.take(1, 0);
        value |= u64::from(byte & 0x7f).checked_shl(7 * place).unwrap_or_default();
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(at("no protobuf message goes on here".to_owned()))
}
