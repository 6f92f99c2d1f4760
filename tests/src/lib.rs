//! The harness that Parlour's tests share.
