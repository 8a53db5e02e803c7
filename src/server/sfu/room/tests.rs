//! Inputs and the exact outputs they bring, in virtual time.
