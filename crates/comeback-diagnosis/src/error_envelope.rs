//! Answers of programs that say by themselves that they are an error, though the status says success: `{"ok":false,...}`,
//! `{"code":45009,"errmsg":...}`, a SOAP fault.
//!
//! It asks what the outermost object says of itself; an error that is told of further in, or as one of many things, is content. What
//! the error means is the signatures' affair.

use serde_json::{Map, Value};

/// A longer answer is no bare error.
const ENVELOPE_BYTES_MAX: usize = 2 * 1024;

/// How deep an object is looked for within objects that hold nothing else (`{"Response":{"Error":...}}`).
const WRAPPERS_MAX: usize = 2;

/// Keys whose value is the error, unless it is empty.
const ERRORS: [&str; 14] = [
    "error",
    "errors",
    "err",
    "fault",
    "exception",
    "errcode",
    "errno",
    "errorcode",
    "errmsg",
    "errormsg",
    "errormessage",
    "errorresponse",
    "cmmmsgheader",
    "servicefault",
];

/// Keys whose value says whether all is well.
const SUCCESSES: [&str; 5] = ["ok", "success", "succeeded", "issuccess", "successful"];

/// Keys whose value is a code or a word for the outcome.
const OUTCOMES: [&str; 12] = [
    "code",
    "status",
    "statuscode",
    "stat",
    "state",
    "result",
    "resultcode",
    "retcode",
    "ret",
    "response",
    "infocode",
    "returncode",
];

/// Words for an outcome that is none.
const FAILURES: [&str; 9] = ["fail", "failed", "failure", "error", "notok", "ko", "false", "0", "denied"];

/// Keys of things that may have failed, and of lists: their errors are content.
const CONTENT: [&str; 14] = [
    "id",
    "job",
    "jobs",
    "items",
    "results",
    "hits",
    "createdat",
    "updatedat",
    "finishedat",
    "startedat",
    "openapi",
    "swagger",
    "name",
    "lasterror",
];

/// Parts of markup that only errors of programs have.
const MARKUP: [&[u8]; 8] =
    [b"<error", b"errmsg>", b"<fault", b":fault>", b"stat=\"fail\"", b"<exception", b"<serviceexception", b"<errorresponse"];

/// Whether the body is nothing but an error, by its own word.
pub(crate) fn is_error(body: &[u8]) -> bool {
    if body.len() > ENVELOPE_BYTES_MAX {
        return false;
    }
    match body.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(body).is_ok_and(|value: Value| object_is_error(&value, WRAPPERS_MAX)),
        Some(b'<') => {
            let lower = body.to_ascii_lowercase();
            MARKUP.iter().any(|part| memchr::memmem::find(&lower, part).is_some())
        }
        _ => false,
    }
}

fn object_is_error(value: &Value, wrappers_left: usize) -> bool {
    let Value::Object(object) = value else { return false };
    let is_content = |(key, value): (&String, &Value)| CONTENT.contains(&plain(key).as_str()) && !value.is_null();
    if object.iter().any(is_content) || holds_list(object) {
        return false;
    }
    let is_wrapped = || match object.values().next() {
        Some(only) if object.len() == 1 && wrappers_left > 0 => object_is_error(only, wrappers_left - 1),
        _ => false,
    };
    object.iter().any(|(key, value)| says_error(&plain(key), value)) || is_wrapped()
}

/// Whether it holds a list of things that is not empty: then it is an answer, whatever else it says.
fn holds_list(object: &Map<String, Value>) -> bool {
    object.iter().any(|(key, value)| plain(key) != "errors" && value.as_array().is_some_and(|list| !list.is_empty()))
}

fn says_error(key: &str, value: &Value) -> bool {
    if ERRORS.contains(&key) {
        !is_nothing(value)
    } else if SUCCESSES.contains(&key) {
        *value == Value::Bool(false) || value.as_str().is_some_and(|word| word.eq_ignore_ascii_case("false"))
    } else if OUTCOMES.contains(&key) {
        match value {
            Value::String(word) => FAILURES.contains(&plain(word).as_str()) || word.parse().is_ok_and(is_code_of_error),
            Value::Number(number) => number.as_i64().is_some_and(is_code_of_error),
            Value::Bool(is_well) => !is_well,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }
    } else {
        false
    }
}

/// Codes for success are 0, 1 and 200 and its neighbours; makers choose the others as they like.
const fn is_code_of_error(code: i64) -> bool {
    !matches!(code, 0 | 1 | 200..=299)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(word) => matches!(word.as_str(), "" | "0" | "false" | "none" | "null" | "ok"),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}

/// A key or word without case and marks between words.
fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_their_own_word_are_recognised() {
        for body in [
            r#"{"error":{"error_code":6,"error_msg":"Too many requests per second"}}"#,
            r#"{"errcode":45009,"errmsg":"reach max api daily quota limit"}"#,
            r#"{"Response":{"Error":{"Code":"RequestLimitExceeded"},"RequestId":"1"}}"#,
            r#"{"ok":false,"error":"ratelimited"}"#,
            r#"{"errors":[{"message":"Throttled"}],"data":null}"#,
            r#"{"status":"0","message":"NOTOK","result":"Max rate limit reached"}"#,
            r#"{"code":37,"message":"x","zpData":{}}"#,
            "<soap:Envelope><soap:Body><soap:Fault><faultstring>Busy</faultstring></soap:Fault></soap:Body></soap:Envelope>",
        ] {
            assert!(is_error(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn answers_that_tell_of_errors_are_none() {
        for body in [
            r#"{"rate_limit":{"remaining":0},"blocked":false}"#,
            r#"{"id":7,"status":"failed","error":"upstream rate limit exceeded"}"#,
            r#"{"took":4,"hits":[{"error":"429 Too Many Requests"}]}"#,
            r#"{"code":0,"message":"ok","error":null}"#,
            r#"{"success":true,"message":"the limit was raised"}"#,
            r#"{"openapi":"3.0.3","error":"x"}"#,
            r#"[{"error":"Too many requests"}]"#,
            r#"{"message":"Too many requests were made last year"}"#,
            "{\"error\":\"cut of",
            "",
        ] {
            assert!(!is_error(body.as_bytes()), "{body}");
        }
    }
}
