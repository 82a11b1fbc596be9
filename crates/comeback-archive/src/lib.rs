//! WARC captures and outcome rows of comeback.
