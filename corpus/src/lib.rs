//! Labelled answers, and how well diagnosis does on them.
//!
//! `answers/` and `traces/` are the material ([README](../README.md)); here it is read, divided into folds, and scored. It holds no
//! rule of diagnosis: those are comeback-diagnosis' own.

pub mod answer;
pub mod calibration;
pub mod error;
pub mod score;
pub mod trace;
